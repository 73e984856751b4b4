package alertmanager

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot/alert"
)

// view is what there is to show of a group.
type view struct {
	group    alert.Group
	resolved bool
	alerts   []seen // firing ones first, the worst of them first
	common   seen   // what all of them share
	worst    severity
	since    time.Time // when the first of them began to fire
	until    time.Time // when the last of them resolved; zero when that is not known
}

// viewOf takes what fires from Alertmanager's last word, which is the truth
// about it, and what has resolved from the group's memory, which has the
// values of when it fired.
func viewOf(g alert.Group, now time.Time) view {
	v := view{group: g, resolved: g.Resolved(), worst: severityOf("")}
	shown := g.Firing
	if !v.resolved {
		shown = append(withStatus(g.Latest.Alerts, "firing"), withStatus(g.Firing, "resolved")...)
	}
	if len(shown) == 0 {
		shown = g.Latest.Alerts
	}
	for _, a := range shown {
		if v.resolved {
			a.Status = "resolved" // also when its own end was never told
		}
		v.alerts = append(v.alerts, seenOf(a, now))
	}
	slices.SortStableFunc(v.alerts, func(a, b seen) int {
		return cmp.Or(strings.Compare(a.Status, b.Status), cmp.Compare(a.severity.rank, b.severity.rank), a.StartsAt.Compare(b.StartsAt), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	v.common = commonOf(v.alerts)
	for i, a := range v.telling() {
		if i == 0 || a.severity.rank < v.worst.rank {
			v.worst = a.severity
		}
		if v.since.IsZero() || !a.StartsAt.IsZero() && a.StartsAt.Before(v.since) {
			v.since = a.StartsAt
		}
		if a.EndsAt.After(v.until) {
			v.until = a.EndsAt
		}
	}
	return v
}

func withStatus(all []alert.Alert, status string) []alert.Alert {
	var out []alert.Alert
	for _, a := range all {
		if a.Status == status {
			out = append(out, a)
		}
	}
	return out
}

func (v view) firing() int {
	n := 0
	for _, a := range v.alerts {
		if a.firing() {
			n++
		}
	}
	return n
}

// telling are the alerts that say how the group is: those that fire, or all of
// them when it has resolved.
func (v view) telling() []seen {
	if v.resolved {
		return v.alerts
	}
	return v.alerts[:v.firing()]
}

// names are what the alerts are called.
func (v view) names() string {
	if names := joined(v.distinct("alertname")); names != "" {
		return names
	}
	return "alert without a name"
}

// where is the regions of the alerts, with the word before them.
func (v view) where() string {
	if regions := joined(v.distinct("region")); regions != "" {
		return " in " + regions
	}
	return ""
}

func (v view) distinct(label string) []string {
	var out []string
	for _, a := range v.telling() {
		if s := oneLine(a.Labels[label], maxLabel); s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

// said is what the worst alert says of itself.
func (v view) said() string {
	if len(v.alerts) == 0 {
		return ""
	}
	return v.alerts[0].sentence()
}

// joined lists words the way people do, a few of them.
func joined(words []string) string {
	if n := len(words); n > maxPlaces {
		words = append(slices.Clone(words[:maxPlaces-1]), fmt.Sprintf("%d more", n-maxPlaces+1))
	}
	switch n := len(words); n {
	case 0:
		return ""
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}

// heldNames is what the firing alerts of the delivery that is held are called.
func (v view) heldNames() string {
	var names []string
	for _, a := range withStatus(v.group.Held.Alerts, "firing") {
		if s := oneLine(a.Labels["alertname"], maxLabel); s != "" && !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	return cmp.Or(joined(names), "an alert without a name")
}
