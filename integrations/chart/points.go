package chart

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// valueMax is the largest value that an axis can be labelled with: a petabyte,
// or thirty million years.
const valueMax = 1e15

// valueMin is the smallest difference that an axis can show.
const valueMin = 1e-12

// The times that can be drawn.
var (
	earliest = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)
)

// span is what the horizontal axis covers.
type span struct{ from, to time.Time }

// at is where a time lies in the span, from 0 to 1.
func (s span) at(t time.Time) float64 { return float64(t.Sub(s.from)) / float64(s.to.Sub(s.from)) }

// spanOf covers every point that was measured or could not be, and every mark.
// A single moment gets a minute on both sides.
func spanOf(c Chart) (span, error) {
	var s span
	var err error
	cover := func(t time.Time) {
		if t.Before(earliest) || t.After(latest) {
			err = fmt.Errorf("the time %s cannot be drawn", t.UTC().Format(time.RFC3339))
		}
		if s.from.IsZero() || t.Before(s.from) {
			s.from = t
		}
		if s.to.IsZero() || t.After(s.to) {
			s.to = t
		}
	}
	measured := false
	for _, series := range c.Series {
		for _, p := range series.Points {
			cover(p.At)
			measured = measured || !p.gap()
			if !p.gap() && math.Abs(p.Value) > valueMax {
				err = fmt.Errorf("the value %g of %s cannot be drawn", p.Value, series.Name)
			}
		}
	}
	for _, m := range c.Marks {
		cover(m.At)
	}
	if err == nil && !measured {
		err = errors.New("nothing was measured")
	}
	if s.from.Equal(s.to) {
		s.from, s.to = s.from.Add(-time.Minute), s.to.Add(time.Minute)
	}
	return s, err
}

func (p Point) gap() bool { return p.Gap || math.IsNaN(p.Value) || math.IsInf(p.Value, 0) }

// stroke is a piece of a line without a gap in it.
type stroke []Point

// strokes are a series as it is drawn: in order, interrupted at its gaps, and
// with four points at the most in each column of pixels: the first, the lowest,
// the highest and the last one.
func strokes(points []Point, s span, columns int) []stroke {
	if !slices.IsSortedFunc(points, earlier) {
		points = slices.Clone(points)
		slices.SortStableFunc(points, earlier)
	}
	var out []stroke
	var now stroke
	var in column
	broken := false
	for _, p := range points {
		if p.gap() {
			broken = true
			continue
		}
		n := min(int(s.at(p.At)*float64(columns)), columns-1)
		switch {
		case in.count == 0, n == in.n: // a gap within a column is too narrow to be seen
		default:
			now = in.into(now)
			in = column{}
			if broken {
				out, now = append(out, now), nil
			}
		}
		broken = false
		in.take(n, p)
	}
	if now = in.into(now); len(now) > 0 {
		out = append(out, now)
	}
	return out
}

func earlier(a, b Point) int { return a.At.Compare(b.At) }

// column is what one column of pixels holds of a series.
type column struct {
	n, count               int
	first, low, high, last Point
	lowAt, highAt          int
}

func (c *column) take(n int, p Point) {
	if c.count == 0 {
		*c = column{n: n, first: p, low: p, high: p}
	}
	if p.Value < c.low.Value {
		c.low, c.lowAt = p, c.count
	}
	if p.Value > c.high.Value {
		c.high, c.highAt = p, c.count
	}
	c.last = p
	c.count++
}

// into adds the column to a stroke, each of its points once and in order.
func (c *column) into(s stroke) stroke {
	if c.count == 0 {
		return s
	}
	inner, innerAt := [2]Point{c.low, c.high}, [2]int{c.lowAt, c.highAt}
	if c.highAt < c.lowAt {
		inner, innerAt = [2]Point{c.high, c.low}, [2]int{c.highAt, c.lowAt}
	}
	s = append(s, c.first)
	for i, p := range inner {
		if innerAt[i] > 0 && innerAt[i] < c.count-1 && (i == 0 || innerAt[1] != innerAt[0]) {
			s = append(s, p)
		}
	}
	if c.count > 1 {
		s = append(s, c.last)
	}
	return s
}
