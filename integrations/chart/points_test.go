package chart

import (
	"fmt"
	"math"
	"testing"
	"time"
)

var dawn = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

func line(values ...float64) ([]Point, span) {
	var out []Point
	for i, v := range values {
		out = append(out, Point{At: dawn.Add(time.Duration(i) * time.Second), Value: v})
	}
	return out, span{dawn, dawn.Add(time.Duration(len(values)) * time.Second)}
}

func TestGapsAreGaps(t *testing.T) {
	t.Parallel()
	points, s := line(1, 2, math.NaN(), 4, math.Inf(1), 6, 7, 8)
	points[6].Gap = true
	var pieces []string
	for _, stroke := range strokes(points, s, 100) {
		values := []float64{}
		for _, p := range stroke {
			values = append(values, p.Value)
		}
		pieces = append(pieces, fmt.Sprint(values))
	}
	if got := fmt.Sprint(pieces); got != "[[1 2] [4] [6] [8]]" {
		t.Errorf("drawn as %s", got)
	}
}

// TestSpikesSurvive thins a hundred thousand points out to ten columns.
func TestSpikesSurvive(t *testing.T) {
	t.Parallel()
	const n, columns = 100_000, 10
	values := make([]float64, n)
	for i := range values {
		values[i] = 10 + float64(i%7)
	}
	values[0], values[33_333], values[33_334], values[n-1] = 3, 1000, -1000, 4
	points, s := line(values...)
	drawn := strokes(points, s, columns)
	if len(drawn) != 1 || len(drawn[0]) > 4*columns {
		t.Fatalf("%d strokes", len(drawn))
	}
	want := map[float64]bool{3: true, 1000: true, -1000: true, 4: true}
	for i, p := range drawn[0] {
		delete(want, p.Value)
		if i > 0 && !p.At.After(drawn[0][i-1].At) {
			t.Errorf("point %d is not after the one before", i)
		}
	}
	if len(want) > 0 {
		t.Errorf("%v were lost", want)
	}
}

// TestAPictureOfGapsIsBounded has nothing between a hundred thousand gaps but
// single points.
func TestAPictureOfGapsIsBounded(t *testing.T) {
	t.Parallel()
	values := make([]float64, 100_000)
	for i := range values {
		if i%2 == 1 {
			values[i] = math.NaN()
		}
	}
	points, s := line(values...)
	if got := len(strokes(points, s, 100)); got > 100 {
		t.Errorf("%d strokes in 100 columns", got)
	}
}

func TestAxesChooseTheirScale(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		scale  Scale
		values []float64
		log    bool
	}{
		"a spike":               {Auto, []float64{2, 2, 2, 4000}, true},
		"a spike, told":         {Linear, []float64{2, 2, 2, 4000}, false},
		"even":                  {Auto, []float64{2, 3, 4, 5}, false},
		"even, told":            {Log, []float64{2, 3, 4, 5}, true},
		"mostly zeros, a spike": {Auto, []float64{0, 0, 2, 2, 4000}, true},
		"below zero, told":      {Log, []float64{-1, 3}, false},
		"only zeros, told":      {Log, []float64{0, 0}, false},
	} {
		points, s := line(want.values...)
		a := newAxis(Chart{Scale: want.scale}, [][]stroke{strokes(points, s, 100)})
		if a.log != want.log {
			t.Errorf("%s: logarithmic %v", name, a.log)
		}
		last := math.Inf(-1)
		for _, v := range []float64{-1, 0, 0.5, 2, 3, 4, 5, 4000} {
			if v < a.low || v > a.high {
				continue
			}
			if at := a.at(v); at < last || at < 0 || at > 1 {
				t.Errorf("%s: %g stands at %g", name, v, at)
			} else {
				last = at
			}
		}
		if n := len(a.ticks); n < 2 || n > ticksMax+1 {
			t.Errorf("%s: ticks %v", name, a.ticks)
		}
	}
}

func TestLabels(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"0 B": Bytes.label(0), "1.5 MiB": Bytes.label(1.5 * (1 << 20)), "1.25 GiB": Bytes.label(1.25 * (1 << 30)), "-2 KiB": Bytes.label(-2048), "909.49 TiB": Bytes.label(1e15),
		"420 ms": Milliseconds.label(420), "1.5 ms": Milliseconds.label(1.5), "500 µs": Milliseconds.label(0.5), "4 min 10 s": Seconds.label(250),
		"20 ns": Seconds.label(2e-8), "3.2 s": Milliseconds.label(3200), "1 s": Milliseconds.label(999.9),
		"0.25": Count.label(0.25), "1.2e+15": Count.label(1.2e15),
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTheClockIsRound(t *testing.T) {
	t.Parallel()
	kolkata := time.FixedZone("IST", 5*3600+1800)
	for _, c := range []struct {
		length      time.Duration
		zone        *time.Location
		first, last string
	}{
		{50 * time.Millisecond, time.UTC, "06:00:00.000", "06:00:00.050"},
		{time.Minute, time.UTC, "06:00:00", "06:01:00"},
		{6 * time.Hour, time.UTC, "06:00", "12:00"},
		{6 * time.Hour, kolkata, "12:00", "17:00"},
		{30 * time.Hour, time.UTC, "06:00", "12:00"},
		{20 * day, time.UTC, "Mar 9", "Mar 16"},
		{200 * 365 * day, time.UTC, "", ""},
	} {
		ticks := span{dawn, dawn.Add(c.length)}.ticks(8, c.zone)
		if len(ticks) < 2 || len(ticks) > 8 {
			t.Errorf("%v: %d ticks", c.length, len(ticks))
			continue
		}
		if first, last := ticks[0].label, ticks[len(ticks)-1].label; c.first != "" && (first != c.first || last != c.last) {
			t.Errorf("%v: from %s to %s", c.length, first, last)
		}
	}
}

// TestLinesDifferWithoutColour compares dashes and widths alone.
func TestLinesDifferWithoutColour(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range lineStyles {
		key := fmt.Sprint(s.Dashes, s.Width)
		if seen[key] {
			t.Errorf("two lines are %s", key)
		}
		seen[key] = true
	}
}
