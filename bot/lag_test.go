package bot_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// fakePrometheus is a history that knows one value a region, or nothing.
type fakePrometheus struct {
	up      bool
	seconds map[string]float64
}

func (f *fakePrometheus) Source() string { return "Prometheus" }

func (f *fakePrometheus) Lag(_ context.Context, from, to time.Time, _ bool) ([]rapbot.LagSeries, error) {
	if !f.up {
		return nil, &rapbot.Error{Code: rapbot.Unavailable, What: "Prometheus cannot be reached."}
	}
	var out []rapbot.LagSeries
	for region, value := range f.seconds {
		out = append(out, rapbot.LagSeries{Region: region, Points: []rapbot.LagPoint{{At: from, Value: value / 2}, {At: from.Add(time.Minute), Value: value}, {At: to.Add(-time.Second), Value: value / 4}}})
	}
	return out, nil
}

// histories are none until a play speaks of Prometheus.
func (p *player) histories() []rapbot.LagHistory {
	if p.prom == nil {
		return nil
	}
	return []rapbot.LagHistory{p.prom}
}

// prometheus is a play's "prometheus:" line: up, down, or "lag region seconds".
// The bot is told of it at its next start.
func (p *player) prometheus(words string) error {
	if p.prom == nil {
		p.prom = &fakePrometheus{seconds: map[string]float64{}}
	}
	var region string
	var seconds float64
	switch {
	case words == "up" || words == "down":
		p.prom.up = words == "up"
		return nil
	case strings.HasPrefix(words, "lag "):
		_, err := fmt.Sscanf(words, "lag %s %g", &region, &seconds)
		p.prom.seconds[region] = seconds
		return err
	}
	return fmt.Errorf("prometheus: %q: no such thing", words)
}

var errNoInk = errors.New("no ink")

// draw is a picture that says what it was made of.
func (p *player) draw(r rapbot.LagReport) (rapbot.File, error) {
	switch p.artist {
	case "ill":
		return rapbot.File{}, errNoInk
	case "deadly":
		panic(crashed{})
	}
	return rapbot.File{Name: "lag.png", MIME: "image/png", Content: fmt.Appendf(nil, "%+v", r)}, nil
}
