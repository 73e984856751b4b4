package cards

import "github.com/rap-analyzer/rapbot"

// History lists operations, newest first.
func History(ops []rapbot.Operation) rapbot.Message {
	title := "Operations, newest first"
	m := rapbot.Message{Summary: title, Blocks: []rapbot.Block{rapbot.Heading{Text: title}}}
	for _, o := range ops {
		text := rapbot.Say(rapbot.B(o.ID), " "+Title(o)+". Asked for by ", rapbot.Who(o.Requester))
		if o.Approver != nil {
			text = append(text, rapbot.Say(", approved by ", rapbot.Who(*o.Approver))...)
		}
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: append(text, rapbot.Say(", ", rapbot.When(o.CreatedAt), ".")...)})
	}
	if len(ops) == 0 {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say("There has been none yet.")})
	} else {
		m.Blocks = append(m.Blocks, rapbot.Note{Text: rapbot.Say("See one whole with /rap show " + ops[0].ID + ".")})
	}
	return m
}

// Story is an operation with its whole record, for those who ask later who,
// why and what.
func Story(o rapbot.Operation) rapbot.Message {
	m := operation(o, true)
	m.Blocks = withoutButtons(m.Blocks)
	lines := rapbot.Text{}
	for _, r := range o.Records {
		if what := storyLine(o, r); what != nil {
			if len(lines) > 0 {
				lines = append(lines, rapbot.Say("\n")...)
			}
			lines = append(append(lines, rapbot.Say(rapbot.When(r.At), "  ")...), what...)
		}
	}
	m.Blocks = append(m.Blocks, rapbot.Divider{}, rapbot.Paragraph{Text: lines})
	if len(o.Plan.Checks) > 0 {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.B("Checks at the time"))}, checkLines(o.Plan.Checks))
	}
	return m
}

func storyLine(o rapbot.Operation, r rapbot.Record) rapbot.Text {
	step := func(verb string) rapbot.Text { return rapbot.Say(verb + ": " + planAt(o, r).Steps[r.Step].Title) }
	switch r.Kind {
	case rapbot.RecProposed:
		return rapbot.Say("asked for by ", rapbot.Who(*r.By))
	case rapbot.RecStarted:
		return rapbot.Say("started")
	case rapbot.RecStepStarted:
		return step("began")
	case rapbot.RecStepDone:
		if r.Skipped {
			return step("held already")
		}
		return step("done")
	case rapbot.RecUndoStarted:
		return step("undoing")
	case rapbot.RecUndone:
		return step("undone")
	case rapbot.RecUndoFailed:
		return append(step("not undone"), rapbot.Say(" — "+r.Text)...)
	case rapbot.RecCard, rapbot.RecAsked, rapbot.RecTold:
		return nil
	}
	return newsText(o, r)
}

func withoutButtons(blocks []rapbot.Block) []rapbot.Block {
	var out []rapbot.Block
	for _, b := range blocks {
		if _, is := b.(rapbot.Buttons); !is {
			out = append(out, b)
		}
	}
	return out
}
