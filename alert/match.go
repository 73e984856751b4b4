package alert

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Match is a condition on labels: all of its parts hold. Nothing to match
// admits everything.
type Match []LabelMatch

// LabelMatch is a condition on one label.
type LabelMatch struct {
	Label   string
	Value   string         // as it was written
	Pattern *regexp.Regexp // of the whole value, as Alertmanager's own
}

// ParseMatch makes a Match of labels with the values they must have. A value
// that begins with ~ is a regular expression for the whole value. A label that
// is not there has the empty value.
func ParseMatch(conditions map[string]string) (Match, error) {
	var out Match
	for _, label := range slices.Sorted(maps.Keys(conditions)) {
		value := conditions[label]
		m := LabelMatch{Label: label, Value: value}
		if pattern, is := strings.CutPrefix(value, "~"); is {
			compiled, err := regexp.Compile("^(?s:" + pattern + ")$")
			if err != nil {
				return nil, fmt.Errorf("%s: not a regular expression: %w", label, err)
			}
			m.Pattern = compiled
		}
		out = append(out, m)
	}
	return out, nil
}

// Admits reports whether the labels are as wanted.
func (m Match) Admits(labels map[string]string) bool {
	for _, c := range m {
		value := labels[c.Label]
		if c.Pattern != nil && !c.Pattern.MatchString(value) || c.Pattern == nil && value != c.Value {
			return false
		}
	}
	return true
}

// Name is what people call the alert that is meant: its alertname where that is
// given.
func (m Match) Name() string {
	var all []string
	for _, c := range m {
		if c.Label == "alertname" && c.Pattern == nil {
			return c.Value
		}
		all = append(all, c.Label+"="+c.Value)
	}
	return strings.Join(all, ", ")
}
