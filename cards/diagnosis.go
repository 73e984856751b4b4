package cards

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// maxDiagnosed is how many regions are shown in full.
const maxDiagnosed = 2

// Diagnosis is what rapbot sees of some regions: everything that is wrong
// first, then each region as it is. Without a region it is about the fleet.
func Diagnosis(t rapbot.Topology, regions []string, sites []rapbot.Site, limits rapbot.Limits, open []rapbot.Operation) rapbot.Message {
	wrong := wrongs(t, regions, limits)
	title := "rapbot sees nothing wrong"
	if len(wrong) > 0 {
		title = "rapbot sees " + rapbot.Count(len(wrong), "thing", "things") + " wrong"
	}
	if len(regions) > 0 {
		title += " around " + strings.Join(regions[:min(len(regions), maxDiagnosed)], " and ")
	}
	m := rapbot.Message{Summary: title, Blocks: []rapbot.Block{rapbot.Heading{Text: title}}}
	for _, w := range wrong {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(rapbot.MarkWarning+" ", rapbot.B(w))})
	}
	if len(wrong) == 0 {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say("One primary, and every replica streams from it within the limits. If the alert still fires, what it measures is not what rapbot looks at, or it has not noticed yet.")})
	}
	for _, o := range open {
		m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: rapbot.Say(fmt.Sprintf("Operation %s may be why: %s.", o.ID, Title(o)))})
	}
	if len(regions) == 0 {
		for _, r := range t.Regions {
			m.Blocks = append(m.Blocks, rapbot.Paragraph{Text: regionLine(r)})
		}
		m.Blocks = append(m.Blocks, rapbot.Note{Text: rapbot.Say("Observed at ", rapbot.When(t.At), ".")})
		return m
	}
	for _, name := range regions[:min(len(regions), maxDiagnosed)] {
		r, _ := t.Region(name)
		site := rapbot.Site{}
		for _, s := range sites {
			if s.Name == name {
				site = s
			}
		}
		m.Blocks = append(append(m.Blocks, rapbot.Divider{}), Region(t, r, site, nil).Blocks...)
	}
	return m
}

// wrongs are the contradictions of the fleet, and what else is wrong with these
// regions, or with all of them when there are none.
func wrongs(t rapbot.Topology, regions []string, limits rapbot.Limits) []string {
	out := t.Contradictions()
	for _, r := range t.Regions {
		if len(regions) > 0 && !slices.Contains(regions, r.Name) && r.Role != rapbot.Primary || !r.Answered {
			continue
		}
		if l := r.Lag; l.Known && (l.Time > limits.MaxLag || l.Bytes > limits.MaxLagBytes) {
			out = append(out, fmt.Sprintf("%s is %s; the limits are %s and %s.", r.Name, l.String(), rapbot.Duration(limits.MaxLag), rapbot.Bytes(limits.MaxLagBytes)))
		}
		for _, s := range r.Server.Slots {
			if s.Status == "lost" || s.Status == "unreserved" {
				out = append(out, fmt.Sprintf("The slot %s on %s is %s: its replica may have to be rebuilt.", s.Name, r.Name, s.Status))
			}
		}
		if len(r.Server.MissingGrants) > 0 {
			out = append(out, fmt.Sprintf("rapbot lacks privileges on %s and may see less than there is.", r.Name))
		}
		if r.Role == rapbot.Primary && r.Server.ReadOnly {
			out = append(out, r.Name+" is the primary and refuses writes: it is read-only.")
		}
	}
	return out
}
