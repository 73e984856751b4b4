package cards

import (
	"fmt"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// Plan is a dry run: the plan and every check, with nothing to press.
func Plan(p rapbot.Plan) rapbot.Message {
	title := p.Title() + " — dry run"
	m := rapbot.Message{Summary: title, Blocks: []rapbot.Block{rapbot.Heading{Text: title}}}
	m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: impact(p)})
	m.Blocks = append(m.Blocks, evidence(p)...)
	m.Blocks = append(m.Blocks, diffs(p)...)
	m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.B("Checks"))}, checkLines(p.Checks))
	m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.B("Steps"))}, planSteps(p))
	verdict := "Nothing was changed. It could run now, once somebody else approves it."
	if !p.Runnable() {
		verdict = fmt.Sprintf("Nothing was changed. It cannot run now: %s.", rapbot.Count(len(p.ChecksWith(rapbot.Fail)), "check fails", "checks fail"))
	}
	m.Blocks = append(m.Blocks, rapbot.Note{Text: rapbot.Say(verdict+" Plan ", rapbot.Mono(p.ShortDigest()), ", observed at ", rapbot.When(p.MadeAt), ".")})
	return m
}

// Unrunnable tells why a plan was not proposed: the failed checks with what
// mends them.
func Unrunnable(p rapbot.Plan) rapbot.Message {
	title := p.Title() + " cannot run now"
	m := rapbot.Message{Summary: title, Blocks: []rapbot.Block{rapbot.Heading{Text: title}}}
	lines := rapbot.Steps{}
	for _, c := range p.ChecksWith(rapbot.Fail) {
		lines = append(lines, checkLine(c))
	}
	m.Blocks = append(m.Blocks, lines, rapbot.Note{Text: rapbot.Say("Nothing was changed. See every check with /rap " + typed(p) + " --dry-run.")})
	return m
}

// typed is what was typed to ask for a plan.
func typed(p rapbot.Plan) string {
	switch w := p.Wish(); p.Kind {
	case rapbot.Deploy:
		line := strings.TrimSpace("deploy " + w.Version + " " + w.Regions)
		if w.Install {
			line += " --all"
		}
		return line
	case rapbot.Rollback:
		return strings.TrimSpace("rollback " + w.Regions)
	case rapbot.Restart:
		word := "app"
		if w.Part == rapbot.Database {
			word = "postgres"
		}
		return "restart " + word + " " + w.Region
	case rapbot.Scale:
		return fmt.Sprintf("scale %s %d", w.Region, w.Pods)
	case rapbot.Failover:
		if p.Drill.Is {
			return "drill " + p.To + " --emergency"
		}
		return "failover " + p.To + " --force"
	case rapbot.Rejoin:
		return "rejoin " + p.From
	}
	if p.Drill.Is {
		return "drill " + p.To
	}
	return "failover " + p.To
}

func planSteps(p rapbot.Plan) rapbot.Steps {
	lines := rapbot.Steps{}
	for _, s := range p.Steps {
		detail := ""
		if s.Commits {
			detail = "the point of no return"
		}
		lines = append(lines, rapbot.StepLine{Mark: rapbot.MarkPending, Title: s.Title, Detail: detail})
	}
	return lines
}

func checkLines(checks []rapbot.Check) rapbot.Steps {
	lines := rapbot.Steps{}
	for _, c := range checks {
		lines = append(lines, checkLine(c))
	}
	return lines
}

func checkLine(c rapbot.Check) rapbot.StepLine {
	mark := map[rapbot.Verdict]string{rapbot.Pass: rapbot.MarkDone, rapbot.Warn: rapbot.MarkWarning, rapbot.Fail: rapbot.MarkFailed}[c.Verdict]
	detail := c.Detail
	if c.Verdict == rapbot.Fail && c.Fix != "" {
		detail += ". " + c.Fix
	}
	return rapbot.StepLine{Mark: mark, Title: c.Name, Detail: detail}
}
