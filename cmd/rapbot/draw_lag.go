package main

import (
	"bytes"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/chart"
)

// drawLag draws how far behind the replicas were, for the width of a phone. What
// lies before the first that is known is left out but for a little, so that a
// few minutes are not squeezed into a corner; every other gap is shown.
func drawLag(r rapbot.LagReport) (rapbot.File, error) {
	c := chart.Chart{Title: "Replication lag", YLabel: "behind the primary", Unit: chart.Seconds, Width: 960, Height: 640, Large: true}
	if r.Bytes {
		c.Unit = chart.Bytes
	}
	if r.Threshold > 0 {
		c.Threshold = &chart.Line{Value: r.Threshold, Label: r.Limit}
	}
	from := shownFrom(r)
	var names []string
	for _, s := range r.Series[:min(len(r.Series), chart.SeriesMax)] {
		names = append(names, s.Region)
		line := chart.Series{Name: s.Region, Points: []chart.Point{{At: from, Gap: true}}}
		for _, p := range s.Points {
			line.Points = append(line.Points, chart.Point{At: p.At, Value: p.Value, Gap: p.Gap})
		}
		c.Series = append(c.Series, chart.Series{Name: line.Name, Points: append(line.Points, chart.Point{At: r.To, Gap: true})})
	}
	var picture bytes.Buffer
	if err := chart.Render(&picture, chart.PNG, c); err != nil {
		return rapbot.File{}, err
	}
	return rapbot.File{
		Name: "lag.png", Title: "Replication lag", MIME: "image/png", Content: picture.Bytes(),
		AltText: "How far " + strings.Join(names, ", ") + " were behind the primary over time; gaps are times of which nothing is known.",
	}, nil
}

func shownFrom(r rapbot.LagReport) time.Time {
	first := r.To
	for _, s := range r.Series {
		for _, p := range s.Points {
			if !p.Gap && p.At.Before(first) {
				first = p.At
			}
		}
	}
	from := first.Add(-max(10*time.Second, r.To.Sub(first)/10))
	if from.Before(r.From) {
		return r.From
	}
	return from
}
