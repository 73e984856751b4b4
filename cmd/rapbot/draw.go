package main

import (
	"bytes"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/chart"
)

// drawWrites draws how long writes took. A write that nobody took is a gap in
// the line, and so is a time in which none was tried.
func drawWrites(tries []rapbot.WriteTry, moments []rapbot.Moment) (rapbot.File, error) {
	c := chart.Chart{Title: "Write latency", YLabel: "time until a write was acknowledged", Unit: chart.Milliseconds}
	writes := chart.Series{Name: "writes"}
	for i, try := range tries {
		if i > 0 && !try.Follows(tries[i-1]) {
			writes.Points = append(writes.Points, chart.Point{At: tries[i-1].At.Add(tries[i-1].Took), Gap: true})
		}
		writes.Points = append(writes.Points, chart.Point{At: try.At, Value: float64(try.Took) / float64(time.Millisecond), Gap: try.Region == ""})
	}
	c.Series = []chart.Series{writes}
	for _, m := range moments[:min(len(moments), chart.MarksMax)] {
		c.Marks = append(c.Marks, chart.Mark{At: m.At, Label: m.What})
	}
	var picture bytes.Buffer
	if err := chart.Render(&picture, chart.PNG, c); err != nil {
		return rapbot.File{}, err
	}
	return rapbot.File{MIME: "image/png", AltText: "How long each write took while the primary changed; gaps are times in which none was taken or tried.", Content: picture.Bytes()}, nil
}
