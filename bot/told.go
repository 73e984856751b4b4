package bot

import (
	"fmt"
	"strings"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// told is what a thread has been told of its group: the status, how often the
// group began to fire, and how many of its alerts are known from then.
type told struct {
	status        string
	times, alerts int // times 0: not known, from before they were kept
}

func toldOf(g alert.Group) told {
	return told{g.Latest.Status, g.Times, len(g.Firing)}
}

// String is the form in the journal: "firing 2 5".
func (t told) String() string { return fmt.Sprintf("%s %d %d", t.status, t.times, t.alerts) }

func parseTold(s string) told {
	var t told
	if _, err := fmt.Sscanf(s, "%s %d %d", &t.status, &t.times, &t.alerts); err != nil {
		return told{status: s}
	}
	return t
}

// news is what people must notice of a change.
type news int

const (
	noNews   news = iota
	turned        // it resolved, or fires again
	moreFire      // alerts have joined it
)

// newsIn is what is new in a group since its thread was told before.
func newsIn(before, now told) news {
	switch {
	case before.status != now.status:
		return turned
	case before.times == 0:
		return noNews
	case before.times != now.times:
		return turned
	case now.status == "firing" && now.alerts > before.alerts:
		return moreFire
	}
	return noNews
}

const (
	namedNew = 3   // new alerts that are named
	longNew  = 150 // runes of each
)

// joined tells of the alerts that have joined a group, which are the last of
// those it remembers.
func joined(g alert.Group, before told) string {
	fresh := g.Firing[min(before.alerts, len(g.Firing)):]
	var names []string
	for _, a := range fresh[:min(namedNew, len(fresh))] {
		names = append(names, nameOfAlert(a))
	}
	if more := len(fresh) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("%s in this group: %s.", rapbot.Count(len(fresh), "new alert", "new alerts"), strings.Join(names, "; "))
}

// nameOfAlert is what an alert says of itself, or what it is called.
func nameOfAlert(a alert.Alert) string {
	said := a.Annotations["summary"]
	if said == "" {
		said = strings.TrimSpace(a.Labels["alertname"] + " " + a.Labels["instance"])
	}
	said = strings.TrimSuffix(strings.Join(strings.Fields(said), " "), ".")
	if r := []rune(said); len(r) > longNew {
		said = string(r[:longNew]) + "…"
	}
	return said
}
