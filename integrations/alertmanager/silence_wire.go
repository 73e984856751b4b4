package alertmanager

import (
	"regexp"
	"time"

	"github.com/rap-analyzer/rapbot/alert"
)

// silenceID is what may become part of an address; Alertmanager's are UUIDs.
var silenceID = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

// wireSilence is a silence as version 2 of the API writes it.
type wireSilence struct {
	ID        string        `json:"id,omitempty"`
	Matchers  []wireMatcher `json:"matchers"`
	StartsAt  time.Time     `json:"startsAt"`
	EndsAt    time.Time     `json:"endsAt"`
	CreatedBy string        `json:"createdBy"`
	Comment   string        `json:"comment"`
	Status    *wireStatus   `json:"status,omitempty"`
}

type wireStatus struct {
	State string `json:"state"`
}

// wireMatcher has isEqual since Alertmanager 0.22; where it is missing the
// matcher is one of equality.
type wireMatcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual *bool  `json:"isEqual,omitempty"`
}

func wired(s alert.Silence) wireSilence {
	w := wireSilence{ID: s.ID, StartsAt: s.StartsAt.UTC(), EndsAt: s.EndsAt.UTC(), CreatedBy: s.CreatedBy, Comment: s.Comment}
	for _, m := range s.Matchers {
		equal := !m.Not
		w.Matchers = append(w.Matchers, wireMatcher{Name: m.Name, Value: m.Value, IsRegex: m.Regex, IsEqual: &equal})
	}
	return w
}

// silence is bounded, as whatever is shown of it may have been written by
// anybody who reaches Alertmanager (R8).
func (w wireSilence) silence() alert.Silence {
	s := alert.Silence{
		ID: oneLine(w.ID, maxLabel), StartsAt: w.StartsAt.UTC(), EndsAt: w.EndsAt.UTC(),
		CreatedBy: oneLine(w.CreatedBy, maxLabel), Comment: oneLine(w.Comment, maxSentence), State: alert.SilenceActive,
	}
	if w.Status != nil {
		s.State = alert.SilenceState(w.Status.State)
	}
	for _, m := range w.Matchers {
		s.Matchers = append(s.Matchers, alert.Matcher{Name: m.Name, Value: m.Value, Regex: m.IsRegex, Not: m.IsEqual != nil && !*m.IsEqual})
	}
	return s
}
