package cards

import (
	"github.com/rap-analyzer/rapbot"
)

// impact is what a plan comes to, before anything else on its card.
func impact(p rapbot.Plan) rapbot.Text {
	switch p.Kind {
	case rapbot.Failover:
		return append(failoverImpact(p), rapbot.Say("\n", rapbot.B("What is done: "), rapbot.B(p.To), " becomes the primary in place of ", rapbot.B(p.From), ".")...)
	case rapbot.Rejoin:
		return rejoinImpact(p)
	}
	text := rapbot.Say(rapbot.B(p.From), " → ", rapbot.B(p.To), ". ")
	if p.Impact.WritePause > 0 {
		text = append(text, rapbot.Say("Writes pause for about "+rapbot.Duration(p.Impact.WritePause)+"; reads go on. ")...)
	}
	return append(text, rapbot.Say(p.Proof().Promise())...)
}

// appeal is the impact together with what to press: the first thing that
// somebody reads who was woken by it.
func appeal(o rapbot.Operation) rapbot.Text {
	p := o.Plan
	if p.Kind != rapbot.Failover {
		return impact(p)
	}
	when := " if that loss is acceptable and " + p.From + " cannot be brought back soon. To bring it back loses nothing."
	if p.Fact(p.From) == string(rapbot.Primary) { // it answers, and is stopped by this
		when = " if that loss is acceptable and what is in the way of a switchover cannot be mended soon. A switchover loses nothing."
		if p.Drill.Is {
			when = " if that may be lost for the sake of an exercise."
		}
		when += " Once " + p.From + " is stopped, nothing starts it again as the primary by itself."
	}
	return append(failoverImpact(p), rapbot.Say("\n", rapbot.B("What to press: "), rapbot.B(approveLabel(p)), when)...)
}

func failoverImpact(p rapbot.Plan) rapbot.Text {
	return rapbot.Say(rapbot.B("What happened: "), p.Headline, "\n", rapbot.B("What will be lost: "), rapbot.B(p.Impact.Loss.String()), ".")
}

func rejoinImpact(p rapbot.Plan) rapbot.Text {
	return rapbot.Say(p.Headline+" It is made a replica of ", rapbot.B(p.To), ".\n", rapbot.B("Thrown away: "), p.Impact.Discard, ". Nothing is written on "+p.To+" but a mark, and its writers notice nothing.")
}

// witnesses is who sees what of the lost primary, and how old that is.
func witnesses(p rapbot.Plan) rapbot.Steps {
	lines := rapbot.Steps{}
	for _, w := range p.Witnesses {
		mark := map[rapbot.Life]string{rapbot.Alive: rapbot.MarkDone, rapbot.Dead: rapbot.MarkFailed, rapbot.Dark: rapbot.MarkWarning}[w.Says]
		detail := string(w.Says) + ": " + w.Sees
		if !w.At.IsZero() && w.Says != rapbot.Alive {
			detail += "; last sign of life " + rapbot.Duration(p.MadeAt.Sub(w.At)) + " before"
		}
		lines = append(lines, rapbot.StepLine{Mark: mark, Title: w.Name, Detail: detail})
	}
	return lines
}

// evidence is the witnesses as a part of a card; nothing when there are none.
func evidence(p rapbot.Plan) []rapbot.Block {
	if len(p.Witnesses) == 0 {
		return nil
	}
	return []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(rapbot.B("Who sees what of "+p.From), ", at ", rapbot.When(p.MadeAt))}, witnesses(p)}
}
