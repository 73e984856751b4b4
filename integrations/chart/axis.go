package chart

import (
	"math"
	"slices"
)

// ticksMax is how many ticks a vertical axis has at the most.
const ticksMax = 7

// helps is how many times the usual value the highest one must be for a
// logarithmic axis to show more than a linear one.
const helps = 50

// depth bounds how many times smaller than the highest value a logarithmic
// axis distinguishes.
const depth = 1e9

// axis is how values become heights. A logarithmic one that has to show zero
// gives its lowest part to everything from zero to floor, in even steps.
type axis struct {
	unit      Unit
	log, zero bool
	low, high float64 // its ends
	floor     float64 // of the logarithmic part
	ticks     []float64
}

// newAxis makes an axis for all values of the strokes and for the limit.
func newAxis(c Chart, lines [][]stroke) axis {
	var values []float64
	for _, line := range lines {
		for _, s := range line {
			for _, p := range s {
				values = append(values, p.Value)
			}
		}
	}
	usual := median(values)
	if c.Threshold != nil {
		values = append(values, c.Threshold.Value)
	}
	a := axis{unit: c.Unit, low: math.Min(0, slices.Min(values)), high: math.Max(0, slices.Max(values))}
	a.log = a.high > valueMin && a.low == 0 && (c.Scale == Log || c.Scale == Auto && usual > 0 && a.high > helps*usual)
	if a.log {
		a.logarithmic(values)
	} else {
		a.linear()
	}
	return a
}

// median is of the positive values, 0 when there are none.
func median(values []float64) float64 {
	positive := slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return v <= 0 })
	if len(positive) == 0 {
		return 0
	}
	slices.Sort(positive)
	return positive[len(positive)/2]
}

// linear ends the axis at ticks, a little above the highest value.
func (a *axis) linear() {
	if a.high-a.low < valueMin {
		a.high = a.unit.step(1)
	}
	step := a.unit.step((a.high - a.low) * 1.02 / (ticksMax - 1))
	a.low, a.high = math.Floor(a.low/step)*step, math.Ceil(a.high*1.02/step)*step
	for i := 0; i <= 2*ticksMax; i++ {
		if v := a.low + float64(i)*step; v <= a.high+step/2 {
			a.ticks = append(a.ticks, v)
		}
	}
}

// logarithmic leaves room above the highest value and below the lowest.
func (a *axis) logarithmic(values []float64) {
	least := a.high
	for _, v := range values {
		if v <= 0 {
			a.zero = true
		} else {
			least = math.Min(least, v)
		}
	}
	a.high *= 1.25
	a.floor = math.Max(least/1.25, a.high/depth)
	if a.unit == Bytes {
		a.floor = math.Max(a.floor, 1)
		a.high = math.Max(a.high, 2)
	}
	if rungs := a.unit.rungs(a.floor/1000, a.floor); len(rungs) > 0 && a.zero {
		a.floor = rungs[len(rungs)-1] // so that the even part ends at a tick
	}
	a.zero = a.zero || a.high/depth > least
	a.low = a.floor
	if a.zero {
		a.low = 0
		a.ticks = []float64{0}
	}
	a.ticks = append(a.ticks, a.unit.rungs(a.floor, a.high)...)
}

// at is how high a value stands, from 0 to 1.
func (a axis) at(v float64) float64 {
	if !a.log {
		return (v - a.low) / (a.high - a.low)
	}
	top := math.Log10(a.high / a.floor)
	bottom := 0.0
	if a.zero {
		bottom = math.Max(0.08*top, 0.1) // the even part, less than a decade of many
	}
	if v <= a.floor {
		return math.Max(0, v/a.floor) * bottom / (top + bottom)
	}
	return (bottom + math.Log10(v/a.floor)) / (top + bottom)
}
