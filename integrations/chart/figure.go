package chart

import (
	"strings"
	"time"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes in points, at a width of 800.
const (
	margin  = 14
	gutter  = 6
	lineGap = 4
	swatch  = 30

	rowHeight = 13.5 // of the names of marks
)

// figure is a chart laid out.
type figure struct {
	Chart
	width, height vg.Length // points
	dpi           int
	span          span
	axis          axis
	lines         [][]stroke

	title, label, legend, tick, mark text.Style
}

// newFigure checks a chart and lays out what does not depend on the plot's
// size.
func newFigure(c Chart) (*figure, error) {
	if c.Width == 0 {
		c.Width = 1200
	}
	if c.Height == 0 {
		c.Height = 600
	}
	if c.Location == nil {
		c.Location = time.UTC
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	s, err := spanOf(c)
	if err != nil {
		return nil, err
	}
	// Pictures are shown smaller than they are, so text grows with them.
	points := 800
	if c.Large {
		points = 440
	}
	f := &figure{Chart: c, span: s, dpi: min(max(72*c.Width/points, 54), 220)}
	f.width, f.height = vg.Length(c.Width)*72/vg.Length(f.dpi), vg.Length(c.Height)*72/vg.Length(f.dpi)
	for _, series := range c.Series {
		f.lines = append(f.lines, strokes(series.Points, s, c.Width))
	}
	f.axis = newAxis(c, f.lines)
	f.title = write(15, ink, xfont.WeightBold, draw.XLeft)
	f.label = write(11.5, muted, xfont.WeightNormal, draw.XLeft)
	f.legend = write(12, ink, xfont.WeightNormal, draw.XLeft)
	f.tick = write(11.5, muted, xfont.WeightNormal, draw.XCenter)
	f.mark = write(11.5, ink, xfont.WeightNormal, draw.XLeft)
	return f, nil
}

// subtitle says what is measured, and how the axes are to be read.
func (f *figure) subtitle() string {
	parts := []string{f.YLabel, f.span.date(f.Location)}
	if f.axis.log {
		parts = append(parts, "logarithmic scale")
	}
	if parts[0] == "" {
		parts = parts[1:]
	}
	return strings.Join(parts, " · ")
}

// entry is one name in the legend.
type entry struct {
	style draw.LineStyle
	name  string
}

func (f *figure) entries() []entry {
	var out []entry
	for i, s := range f.Series {
		if s.Name != "" {
			out = append(out, entry{lineStyles[i], s.Name})
		}
	}
	if f.Threshold != nil {
		out = append(out, entry{limitStyle, strings.TrimSpace(f.Threshold.Label + " " + f.Unit.label(f.Threshold.Value))})
	}
	return out
}

// draw draws from the top down; what stands above the plot takes its place
// from it.
func (f *figure) draw(c draw.Canvas) {
	c.SetColor(paper)
	c.Fill(c.Rectangle.Path())
	top := c.Max.Y - margin
	inside := c.Max.X - 2*margin
	if f.Title != "" {
		c.FillText(f.title, vg.Point{X: margin, Y: top}, fit(f.Title, f.title, inside))
		top -= 15 + lineGap
	}
	c.FillText(f.label, vg.Point{X: margin, Y: top}, fit(f.subtitle(), f.label, inside))
	top -= 11.5 + 2*lineGap
	top = f.drawLegend(c, top)

	left := vg.Length(margin)
	for _, v := range f.axis.ticks {
		left = max(left, margin+f.tick.Width(f.Unit.label(v))+gutter)
	}
	plot := draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
		Min: vg.Point{X: left, Y: margin + 11.5 + gutter}, Max: vg.Point{X: c.Max.X - margin - 8, Y: top},
	}}
	rows := f.markRows(plot)
	plot.Max.Y -= vg.Length(rows.count)*rowHeight + lineGap
	f.drawGrid(plot)
	f.drawMarks(plot, rows)
	if f.Threshold != nil {
		y := plot.Y(f.axis.at(f.Threshold.Value))
		plot.StrokeLine2(limitStyle, plot.Min.X, y, plot.Max.X, y)
	}
	for i := range f.lines {
		f.drawLine(plot, i)
	}
}

// drawLegend names the lines in as many rows as it takes.
func (f *figure) drawLegend(c draw.Canvas, top vg.Length) vg.Length {
	x, end := vg.Length(margin), c.Max.X-margin
	entries := f.entries()
	for _, e := range entries {
		name := fit(e.name, f.legend, end-margin-swatch-gutter)
		width := swatch + gutter + f.legend.Width(name)
		if x > margin && x+width > end {
			x, top = margin, top-12-lineGap
		}
		c.StrokeLine2(e.style, x, top-6, x+swatch, top-6)
		c.FillText(f.legend, vg.Point{X: x + swatch + gutter, Y: top}, name)
		x += width + 3*gutter
	}
	if len(entries) > 0 {
		top -= 12 + 2*lineGap
	}
	return top
}
