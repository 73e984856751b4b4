package alertmanager

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// seen is an alert as the card speaks of it.
type seen struct {
	alert.Alert
	severity severity
}

func seenOf(a alert.Alert, now time.Time) seen {
	// Some senders write when an alert will end.
	if a.EndsAt.After(now) {
		a.EndsAt = now
	}
	return seen{a, severityOf(a.Labels["severity"])}
}

func (s seen) firing() bool { return s.Status == "firing" }

// sentence is what the alert says of itself in short.
func (s seen) sentence() string {
	return oneLine(s.annotation("summary", "message", "title", "description"), maxSentence)
}

// detail is the longer text, where there is one besides the sentence.
func (s seen) detail() string {
	if d := s.annotation("description"); d != s.annotation("summary", "message", "title", "description") {
		return oneLine(d, maxParagraph)
	}
	return ""
}

// measured is the value with what it is compared to.
func (s seen) measured() string {
	value := oneLine(s.annotation("value", "current_value"), maxLabel)
	if value == "" {
		return ""
	}
	for _, against := range []string{"baseline", "threshold"} {
		if other := oneLine(s.annotation(against), maxLabel); other != "" {
			return value + " (" + against + " " + other + ")"
		}
	}
	return value
}

// lasted is how long the alert fired, once that is known.
func (s seen) lasted() string {
	if s.firing() || s.StartsAt.IsZero() || s.EndsAt.IsZero() {
		return ""
	}
	return rapbot.Duration(s.EndsAt.Sub(s.StartsAt))
}

// annotation is the first of these that is given.
func (s seen) annotation(names ...string) string {
	for _, n := range names {
		if v := strings.TrimSpace(s.Annotations[n]); v != "" {
			return v
		}
	}
	return ""
}

// labels lists those that are not in except, a few of them.
func (s seen) labels(except map[string]string, spoken ...string) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
		if slices.Contains(spoken, name) {
			continue
		}
		if shared, is := except[name]; is && shared == s.Labels[name] {
			continue
		}
		if len(out) == maxLabels {
			out = append(out, "…")
			break
		}
		out = append(out, oneLine(name, maxLabel)+"="+oneLine(s.Labels[name], maxLabel))
	}
	return strings.Join(out, ", ")
}

// commonOf is the labels and annotations that all alerts have with the same
// values. It is counted anew, because a group's memory and Alertmanager's last
// word hold different alerts.
func commonOf(all []seen) seen {
	if len(all) == 0 {
		return seen{}
	}
	common := seen{Alert: alert.Alert{Labels: maps.Clone(all[0].Labels), Annotations: maps.Clone(all[0].Annotations)}}
	for _, a := range all[1:] {
		keepEqual(common.Labels, a.Labels)
		keepEqual(common.Annotations, a.Annotations)
	}
	return common
}

func keepEqual(common, with map[string]string) {
	maps.DeleteFunc(common, func(k, v string) bool {
		other, is := with[k]
		return !is || other != v
	})
}
