package chart

import (
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// drawGrid draws the ticks of both axes with their lines.
func (f *figure) drawGrid(plot draw.Canvas) {
	values := f.tick
	values.XAlign, values.YAlign = draw.XRight, draw.YCenter
	for _, v := range f.axis.ticks {
		y := plot.Y(f.axis.at(v))
		plot.StrokeLine2(gridStyle, plot.Min.X, y, plot.Max.X, y)
		plot.FillText(values, vg.Point{X: plot.Min.X - gutter, Y: y}, f.Unit.label(v))
	}
	wide := f.tick.Width("00:00:00.000")
	most := max(int((plot.Max.X-plot.Min.X)/(wide+gutter)), 2)
	for _, t := range f.span.ticks(most, f.Location) {
		x := plot.X(f.span.at(t.at))
		plot.StrokeLine2(gridStyle, x, plot.Min.Y, x, plot.Max.Y)
		half := f.tick.Width(t.label) / 2 // the first and the last one stay in the picture
		plot.FillText(f.tick, vg.Point{X: min(max(x, half+2), plot.Max.X+margin+6-half), Y: plot.Min.Y - gutter}, t.label)
	}
	plot.StrokeLines(borderStyle, []vg.Point{{X: plot.Min.X, Y: plot.Max.Y}, plot.Min, {X: plot.Max.X, Y: plot.Min.Y}})
}

// drawLine draws a series. A measurement between two gaps is a dot.
func (f *figure) drawLine(plot draw.Canvas, i int) {
	style := lineStyles[i]
	dot := draw.GlyphStyle{Color: style.Color, Radius: 2.2, Shape: draw.CircleGlyph{}}
	for _, s := range f.lines[i] {
		points := make([]vg.Point, len(s))
		for j, p := range s {
			points[j] = vg.Point{X: plot.X(f.span.at(p.At)), Y: plot.Y(f.axis.at(p.Value))}
		}
		if len(points) == 1 {
			plot.DrawGlyphNoClip(dot, points[0])
			continue
		}
		strokeLine(plot, style, points)
	}
}

// strokeLine draws a line in short pieces, with its dashes going on from one to the
// next. The time that the canvas takes for a piece grows with the square of the
// area it covers: in one piece, a line of noise took minutes.
func strokeLine(plot draw.Canvas, style draw.LineStyle, points []vg.Point) {
	const piece = 24
	period := vg.Length(0)
	for _, d := range style.Dashes {
		period += d
	}
	for from := 0; from < len(points)-1; from += piece {
		part := points[from:min(from+piece+1, len(points))]
		plot.StrokeLines(style, part)
		for i := 1; i < len(part) && period > 0; i++ {
			d := part[i].Sub(part[i-1])
			style.DashOffs += vg.Length(math.Hypot(float64(d.X), float64(d.Y)))
		}
		if period > 0 {
			style.DashOffs = vg.Length(math.Mod(float64(style.DashOffs), float64(period)))
		}
	}
}

// named is a mark with the place of its name above the plot.
type named struct {
	x, textX, width vg.Length
	name            string
	row             int
}

// rows are the names of the marks, in as few rows as keep them apart. When they
// would take too much of the plot, the last ones go without a name.
type rows struct {
	marks []named
	count int
}

func (f *figure) markRows(plot draw.Canvas) rows {
	var out rows
	most := int((plot.Max.Y - plot.Min.Y) / 2 / rowHeight)
	marks := slices.Clone(f.Marks)
	slices.SortStableFunc(marks, func(a, b Mark) int { return a.At.Compare(b.At) })
	for _, m := range marks {
		n := named{x: plot.X(f.span.at(m.At)), name: fit(m.Label, f.mark, (plot.Max.X-plot.Min.X)/2)}
		n.width = f.mark.Width(n.name)
		n.textX = min(n.x+3, plot.Max.X+margin-n.width)
		for taken(out.marks, n) {
			n.row++
		}
		if n.row >= most || n.name == "" {
			n.row, n.width, n.name = 0, 0, ""
		}
		out.count = max(out.count, n.row+1)
		out.marks = append(out.marks, n)
	}
	return out
}

// taken reports whether another name is where this one would be, or is where
// this mark's line would run.
func taken(marks []named, n named) bool {
	for _, m := range marks {
		if m.row == n.row && n.textX < m.textX+m.width+gutter && m.textX < n.textX+n.width+gutter {
			return true
		}
		if m.row > n.row && n.x > m.textX && n.x < m.textX+m.width {
			return true
		}
	}
	return false
}

// drawMarks draws each mark from its name down. The names come last: one that
// had to move to the left may stand on the line of another mark.
func (f *figure) drawMarks(plot draw.Canvas, r rows) {
	top := func(m named) vg.Length { return plot.Max.Y + lineGap + vg.Length(r.count-m.row)*rowHeight }
	for _, m := range r.marks {
		plot.StrokeLine2(markStyle, m.x, plot.Min.Y, m.x, top(m)-1)
	}
	for _, m := range r.marks {
		if m.name == "" {
			continue
		}
		plot.FillPolygon(paper, []vg.Point{
			{X: m.textX - 1, Y: top(m)}, {X: m.textX + m.width, Y: top(m)}, {X: m.textX + m.width, Y: top(m) - rowHeight}, {X: m.textX - 1, Y: top(m) - rowHeight},
		})
		plot.FillText(f.mark, vg.Point{X: m.textX, Y: top(m)}, m.name)
	}
}
