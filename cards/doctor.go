package cards

import "github.com/rap-analyzer/rapbot"

// Doctor is what was looked at before anything is asked for, the worst first.
func Doctor(checks []rapbot.Check) rapbot.Message {
	lines := rapbot.Steps{}
	bad := 0
	for _, verdict := range []rapbot.Verdict{rapbot.Fail, rapbot.Warn, rapbot.Pass} {
		for _, c := range checks {
			if c.Verdict != verdict {
				continue
			}
			line := checkLine(c)
			if c.Verdict == rapbot.Warn && c.Fix != "" {
				line.Detail += ". " + c.Fix
			}
			if c.Verdict == rapbot.Fail {
				bad++
			}
			lines = append(lines, line)
		}
	}
	title := "Nothing is in the way of an operation"
	if bad > 0 {
		title = rapbot.Count(bad, "thing is", "things are") + " in the way of an operation"
	}
	return rapbot.Message{Summary: title, Blocks: []rapbot.Block{rapbot.Heading{Text: title}, lines}}
}
