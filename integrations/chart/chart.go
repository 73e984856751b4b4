package chart

import (
	"errors"
	"fmt"
	"io"
	"time"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// The formats of a picture.
const (
	PNG = "png"
	SVG = "svg"
)

// What a picture is bounded to.
const (
	SeriesMax = 6         // lines that can be told apart
	MarksMax  = 12        // marks whose names can be read
	PointsMax = 1_000_000 // of all series together
	WidthMin  = 320       // pixels
	WidthMax  = 2400
	HeightMin = 240
	HeightMax = 1600
)

// Unit is what values are measured in.
type Unit string

// The units. Axes are labelled in whatever multiple people would say.
const (
	Count        Unit = ""
	Bytes        Unit = "bytes"
	Seconds      Unit = "seconds"
	Milliseconds Unit = "milliseconds"
)

// Scale is how values become heights.
type Scale int

// The scales.
const (
	Auto   Scale = iota // logarithmic where a few high values would flatten the rest
	Linear              // from zero
	Log
)

// Chart is what is drawn.
type Chart struct {
	Title     string
	YLabel    string // what is measured; stands under the title
	Unit      Unit
	Series    []Series
	Threshold *Line
	Marks     []Mark
	Scale     Scale
	Location  *time.Location // of the times shown; UTC when nil
	Width     int            // pixels of a PNG, 1200 when 0
	Height    int            // pixels of a PNG, 600 when 0
	Large     bool           // text that can still be read at the width of a phone
}

// Series is one line.
type Series struct {
	Name   string
	Points []Point // in any order
}

// Point is one measurement.
type Point struct {
	At    time.Time
	Value float64
	Gap   bool // nothing could be measured here; Value does not count
}

// Line is a limit that values are held against.
type Line struct {
	Value float64
	Label string // such as "limit"; its value is added
}

// Mark is a moment at which something happened.
type Mark struct {
	At    time.Time
	Label string
}

// Render draws a chart. An error means that nothing was written, unless it is
// w's own.
func Render(w io.Writer, format string, c Chart) error {
	if format != PNG && format != SVG {
		return fmt.Errorf("draw chart: there is no format %q, only png and svg", format)
	}
	f, err := newFigure(c)
	if err != nil {
		return fmt.Errorf("draw chart: %w", err)
	}
	var canvas vg.CanvasWriterTo
	if format == SVG {
		canvas = vgsvg.New(f.width, f.height)
	} else {
		canvas = vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(f.dpi))}
	}
	f.draw(draw.NewCanvas(canvas, f.width, f.height))
	if _, err := canvas.WriteTo(w); err != nil {
		return fmt.Errorf("draw chart: %w", err)
	}
	return nil
}

// check refuses what would be no picture.
func (c Chart) check() error {
	points := 0
	for _, s := range c.Series {
		points += len(s.Points)
	}
	switch {
	case len(c.Series) == 0:
		return errors.New("there is no series")
	case len(c.Series) > SeriesMax:
		return fmt.Errorf("%d series cannot be told apart, only %d", len(c.Series), SeriesMax)
	case len(c.Marks) > MarksMax:
		return fmt.Errorf("%d marks cannot be read, only %d", len(c.Marks), MarksMax)
	case points > PointsMax:
		return fmt.Errorf("%d points are more than %d", points, PointsMax)
	case c.Width < WidthMin || c.Width > WidthMax || c.Height < HeightMin || c.Height > HeightMax:
		return fmt.Errorf("%d by %d pixels is not within %d by %d and %d by %d", c.Width, c.Height, WidthMin, HeightMin, WidthMax, HeightMax)
	case c.Unit != Count && c.Unit != Bytes && c.Unit != Seconds && c.Unit != Milliseconds:
		return fmt.Errorf("there is no unit %q", c.Unit)
	case c.Threshold != nil && !(c.Threshold.Value >= -valueMax && c.Threshold.Value <= valueMax):
		return fmt.Errorf("a threshold of %g cannot be drawn", c.Threshold.Value)
	}
	return nil
}
