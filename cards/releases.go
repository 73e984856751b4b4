package cards

import (
	"fmt"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// releaseImpact is what a plan does to each release, in the order in which it
// does it.
func releaseImpact(p rapbot.Plan) rapbot.Text {
	text := rapbot.Text{}
	for i, c := range p.Changes {
		if i > 0 {
			text = append(text, rapbot.Say("\n")...)
		}
		text = append(text, rapbot.Say(rapbot.B(c.Region), " — "+changeLine(p.Kind, c))...)
	}
	switch p.Kind {
	case rapbot.Deploy, rapbot.Rollback, rapbot.Scale:
		text = append(text, rapbot.Say("\n"+turningBack(p))...)
	}
	return text
}

// turningBack says what happens by itself when something goes wrong.
func turningBack(p rapbot.Plan) string {
	switch {
	case len(p.Changes) > 1:
		return "One region after the other. When pods do not become ready, or a region does worse than before, everything that was changed is put back by itself."
	case p.Kind == rapbot.Scale:
		return "When the pods do not become ready, it is put back by itself."
	}
	return "When pods do not become ready, or the region does worse than before, it is put back by itself."
}

func changeLine(k rapbot.Kind, c rapbot.ReleaseChange) string {
	what := ""
	if c.Part == rapbot.Database {
		what = "PostgreSQL "
	}
	switch {
	case k == rapbot.Restart:
		return what + c.From + " stays, its pods are replaced"
	case c.Revision == 0:
		return fmt.Sprintf("%s%s is installed, %s", what, c.To, rapbot.Count(c.Objects, "object", "objects"))
	case c.Objects == 0:
		return what + c.From + " stays as it is"
	case c.From == c.To:
		return fmt.Sprintf("%s%s stays, %s", what, c.From, changes(c.Objects))
	}
	return fmt.Sprintf("%s%s → %s, %s", what, c.From, c.To, changes(c.Objects))
}

func changes(objects int) string {
	return rapbot.Count(objects, "object changes", "objects change")
}

// diffs are the changes of a plan as a person reads them in a review. Regions
// whose change is the same are named together.
func diffs(p rapbot.Plan) []rapbot.Block {
	var blocks []rapbot.Block
	told := map[string]bool{}
	for i, c := range p.Changes {
		if c.Diff == "" || told[c.Diff] {
			continue
		}
		told[c.Diff] = true
		names := []string{c.Region}
		for _, other := range p.Changes[i+1:] {
			if other.Diff == c.Diff {
				names = append(names, other.Region)
			}
		}
		blocks = append(blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.B("What changes in " + strings.Join(names, ", ")))}, rapbot.Preformatted{Text: strings.TrimRight(c.Diff, "\n")})
		if c.Longer {
			blocks = append(blocks, rapbot.Note{Text: rapbot.Say("There is more. The plan's digest covers all of it.")})
		}
	}
	return blocks
}

// whatChanges tells a thread the changes that somebody is asked to approve.
func whatChanges(o rapbot.Operation, r rapbot.Record) (rapbot.Message, bool) {
	blocks := diffs(planAt(o, r))
	if len(blocks) == 0 {
		return rapbot.Message{}, false
	}
	summary := "What would change"
	if r.Kind == rapbot.RecReplanned {
		text := newsText(o, r)
		summary = text.Plain()
		blocks = append([]rapbot.Block{rapbot.Paragraph{Text: text}}, blocks...)
	}
	return rapbot.Message{Summary: summary, Blocks: blocks}, true
}

// deployed is how an operation on releases ended: what runs where.
func deployed(o rapbot.Operation) []rapbot.Block {
	fields := rapbot.Fields{}
	for _, c := range o.Plan.Changes {
		name := c.Region
		if c.Part == rapbot.Database {
			name += ", PostgreSQL"
		}
		value := c.To
		if revision := o.Evidence[rapbot.EvRevision+"."+c.Region+"."+string(c.Part)]; revision != "" {
			value += ", revision " + revision
		}
		fields = append(fields, rapbot.Field{Name: name, Value: rapbot.Say(value)})
	}
	return []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(o.Outcome)}, fields}
}

func releaseButton(p rapbot.Plan, ticket string) rapbot.Button {
	text := turningBack(p)
	switch p.Kind {
	case rapbot.Restart:
		text = "The pods of " + p.Wish().Part.Noun() + " in " + p.Wish().Region + " are replaced, one after the other."
		if p.Wish().Part == rapbot.Database {
			text = "PostgreSQL in " + p.Wish().Region + " is stopped and started again."
		}
	}
	yes := strings.TrimPrefix(approveLabel(p), "Approve ")
	return rapbot.Button{
		Label: approveLabel(p), Action: ActionApprove, Value: ticket, Style: rapbot.StylePrimary,
		Confirm: &rapbot.Confirm{Title: shortTitle(p), Text: text, Yes: yes, No: "Not Now"},
	}
}

// shortTitle fits into the title of a dialog, which has 100 characters.
func shortTitle(p rapbot.Plan) string {
	if title := p.Title() + "?"; len(title) <= 100 {
		return title
	}
	return strings.TrimSpace(approveLabel(p)) + "?"
}
