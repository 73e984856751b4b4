package bot

import "github.com/rap-analyzer/rapbot"

// silenceCard says that the watchdog is silent, or that it was.
func (b *Bot) silenceCard(v vigil) rapbot.Message {
	name, limit := b.opt.Watchdog.Match.Name(), rapbot.Duration(b.opt.Watchdog.SilentFor)
	last := rapbot.Say("It was last heard ", rapbot.When(v.Since), ".")
	if v.Since.IsZero() {
		last = rapbot.Say("It has never been heard; rapbot has listened since ", rapbot.When(v.Began), ".")
	}
	if v.Heard.After(v.Since) {
		head := "Alertmanager is heard again"
		back := rapbot.Say(rapbot.MarkDone+" The ", rapbot.B(name), " alert is back since ", rapbot.When(v.Heard), ". Before that it was last heard ", rapbot.When(v.Since), ", "+rapbot.Duration(v.Heard.Sub(v.Since))+" earlier.")
		if v.Since.IsZero() {
			head = "Alertmanager is heard"
			back = rapbot.Say(rapbot.MarkDone+" The ", rapbot.B(name), " alert is heard since ", rapbot.When(v.Heard), ", for the first time.")
		}
		return rapbot.Message{Summary: head, Blocks: []rapbot.Block{
			rapbot.Heading{Text: head},
			rapbot.Paragraph{Text: back},
			rapbot.Paragraph{Text: rapbot.Say("What fired meanwhile and still does is sent again by Alertmanager; what fired and ended meanwhile may never have arrived here.")},
		}}
	}
	head := "Nothing is heard from Alertmanager"
	m := rapbot.Message{Summary: head + " for " + rapbot.Duration(v.quiet(v.Silent)) + ": alerts may be missing", Blocks: []rapbot.Block{
		rapbot.Heading{Text: head},
		rapbot.Paragraph{Text: append(rapbot.Say(rapbot.MarkWarning+" The ", rapbot.B(name), " alert, which always fires, has not arrived for "+limit+". "), last...)},
		rapbot.Paragraph{Text: rapbot.Say("Other alerts may be missing here too. Nothing else has changed: rapbot works, and ", rapbot.Mono("/rap status"), " shows the regions as they are.")},
		rapbot.Paragraph{Text: rapbot.Say("Look at: whether Prometheus runs and has the rule; whether Alertmanager runs, routes the alert to rapbot and repeats it more often than every " + limit +
			" (repeat_interval); Alertmanager's log, which names what rapbot answered; the network between the two.")},
	}}
	if v.Absent > 0 {
		m.Blocks = append(m.Blocks, rapbot.Note{Text: rapbot.Say("Not counted: " + rapbot.Duration(v.Absent) + " in which rapbot did not run.")})
	}
	return m
}
