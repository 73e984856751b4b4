package cards

import (
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// impact is what a plan comes to, before anything else on its card.
func impact(p rapbot.Plan) rapbot.Text {
	if p.Kind.OfReleases() {
		return releaseImpact(p)
	}
	switch p.Kind {
	case rapbot.Failover:
		return append(failoverImpact(p), rapbot.Say("\n", rapbot.B("What this does: "), rapbot.B(p.To), " becomes the primary in place of ", rapbot.B(p.From), ".")...)
	case rapbot.Rejoin:
		return rejoinImpact(p)
	}
	text := rapbot.Say(rapbot.B(p.From), " → ", rapbot.B(p.To), ". ")
	switch {
	case p.Drill.Is && p.Drill.Of == "":
		text = append(rapbot.Say("An exercise, there and back: the way back asks for an approval of its own. "), text...)
	case p.Drill.Is:
		text = append(rapbot.Say("The way back of an exercise. "), text...)
	}
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
	press := " if that loss is acceptable; should it come to more, you are asked again. If " + p.From + " can be brought back soon, do that instead: it loses nothing. Reject changes nothing."
	switch answers := p.Fact(p.From) == string(rapbot.Primary); {
	case p.Drill.Is:
		press = " to begin the exercise. Reject changes nothing."
	case answers: // it is stopped by this
		press = " if that loss is acceptable and what is in the way of a switchover cannot be mended soon: a switchover loses nothing. Reject changes nothing."
	case p.Impact.Loss.None():
		press = ", unless " + p.From + " is about to be back by itself. Reject changes nothing."
	}
	return append(failoverImpact(p), rapbot.Say("\n", rapbot.B("What to press: "), rapbot.B(approveLabel(p)), press)...)
}

func failoverImpact(p rapbot.Plan) rapbot.Text {
	return rapbot.Say(rapbot.B("What happened: "), p.Headline, "\n", rapbot.B(lossLabel(*p.Impact.Loss)), rapbot.B(p.Impact.Loss.String()), ".")
}

// lossLabel promises a loss only where it was counted.
func lossLabel(l rapbot.Loss) string {
	if l.Counted {
		return "What will be lost: "
	}
	return "What may be lost: "
}

func rejoinImpact(p rapbot.Plan) rapbot.Text {
	return rapbot.Say(p.Headline+" It is made a replica of ", rapbot.B(p.To), ".\n", rapbot.B("Thrown away: "), p.Impact.Discard, ". Nothing is written on "+p.To+" but a mark, and its writers notice nothing.")
}

// evidence is who sees what of the lost primary, and how old that is; nothing
// when there is nobody to say.
func evidence(p rapbot.Plan) []rapbot.Block {
	if len(p.Witnesses) == 0 {
		return nil
	}
	lines := rapbot.Steps{}
	for _, w := range p.Witnesses {
		lines = append(lines, w.Line(p.MadeAt))
	}
	return []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(rapbot.B("Who sees what of "+p.From), ", at ", rapbot.When(p.MadeAt))}, lines}
}

// unheard are the warnings of a plan that its headline does not tell already.
func unheard(p rapbot.Plan) []rapbot.Check {
	var out []rapbot.Check
	for _, c := range p.ChecksWith(rapbot.Warn) {
		if !strings.Contains(p.Headline, c.Detail) {
			out = append(out, c)
		}
	}
	return out
}
