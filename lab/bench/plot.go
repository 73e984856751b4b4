package main

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Blue and orange, which people who tell no red from green tell apart, and a shape for each.
var looks = []draw.GlyphStyle{
	{Color: color.RGBA{0x00, 0x72, 0xB2, 0xFF}, Radius: vg.Points(3.5), Shape: draw.CircleGlyph{}},
	{Color: color.RGBA{0xD5, 0x5E, 0x00, 0xFF}, Radius: vg.Points(3.5), Shape: draw.TriangleGlyph{}},
}

// plotGaps writes each run's write gap as a point, and each side's median as a dashed line. The file's ending says of which kind it is.
func plotGaps(file string, of series) error {
	plot.DefaultFont.Variant = "Sans"
	p := plot.New()
	p.Title.Text = "How long nobody can write while the primary moves, " + of.name
	p.X.Label.Text, p.Y.Label.Text = "run", of.axis
	p.Title.Padding, p.Legend.YOffs, p.Legend.Padding = vg.Points(6), vg.Points(-4), vg.Points(3)
	p.Y.Min, p.Legend.Top = 0, true
	p.X.Tick.Marker = plot.TickerFunc(runs)
	for i, s := range of.sides {
		var points plotter.XYs
		for n, r := range s.results {
			points = append(points, plotter.XY{X: float64(n + 1), Y: float64(r.gap.Milliseconds())})
		}
		scatter, err := plotter.NewScatter(points)
		if err != nil {
			return fmt.Errorf("draw %s: %w", file, err)
		}
		scatter.GlyphStyle = looks[i]
		middle := float64(median(gaps(s.results)).Milliseconds())
		line, err := plotter.NewLine(plotter.XYs{{X: 0.5, Y: middle}, {X: float64(len(points)) + 0.5, Y: middle}})
		if err != nil {
			return fmt.Errorf("draw %s: %w", file, err)
		}
		line.Color, line.Dashes = looks[i].Color, []vg.Length{vg.Points(5), vg.Points(3)}
		p.Add(line, scatter)
		p.Legend.Add(fmt.Sprintf("%s: median %.0f ms, %d rows lost", s.name, middle, s.lost()), scatter)
		p.Y.Max = max(p.Y.Max, float64(slices.Max(gaps(s.results)).Milliseconds())*1.25) // room for the legend
	}
	if err := p.Save(18*vg.Centimeter, 10*vg.Centimeter, file); err != nil {
		return fmt.Errorf("draw %s: %w", file, err)
	}
	return nil
}

// runs marks whole numbers only: there is no run 1.5.
func runs(low, high float64) (ticks []plot.Tick) {
	for n := math.Ceil(low); n <= high; n++ {
		ticks = append(ticks, plot.Tick{Value: n, Label: strconv.Itoa(int(n))})
	}
	return ticks
}
