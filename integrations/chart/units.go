package chart

import (
	"math"
	"strconv"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// label is a value as people say it.
func (u Unit) label(v float64) string {
	if v < 0 {
		return "-" + u.label(-v)
	}
	switch u {
	case Bytes:
		return binary(v)
	case Seconds:
		return seconds(v)
	case Milliseconds:
		return seconds(v / 1000)
	}
	return digits(v)
}

// binary is exact for every tick, as 1.25 MiB, which rapbot.Bytes would round.
func binary(v float64) string {
	names := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for ; v >= 1024 && i < len(names)-1; i++ {
		v /= 1024
	}
	return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) + " " + names[i]
}

const longest = 200 * 365 * 24 * 3600 // seconds that a time.Duration can hold

func seconds(s float64) string {
	switch {
	case s == 0:
		return "0 s"
	case s < 1e-6:
		return digits(s*1e9) + " ns"
	case s < 1e-3:
		return digits(s*1e6) + " µs"
	case s < 0.9995:
		return digits(s*1e3) + " ms"
	case s > longest:
		return digits(s/86400) + " d"
	}
	return rapbot.Duration(time.Duration(math.Round(s*1e3)) * time.Millisecond)
}

// digits is a number with three digits that count.
func digits(v float64) string {
	s := strconv.FormatFloat(v, 'g', 3, 64)
	if f, err := strconv.ParseFloat(s, 64); err == nil && f >= 1e-3 && f < 1e7 {
		s = strconv.FormatFloat(f, 'f', -1, 64)
	}
	return s
}

// base is what a unit's value has to be multiplied with to count in the unit
// that steps are given in: bytes, or seconds.
func (u Unit) base() float64 {
	if u == Milliseconds {
		return 1e-3
	}
	return 1
}

// step is the smallest step between ticks, not below least, that people find
// easy to count in.
func (u Unit) step(least float64) float64 {
	least *= u.base()
	if u == Bytes {
		return math.Exp2(math.Ceil(math.Log2(math.Max(least, 1))))
	}
	if u == Seconds || u == Milliseconds {
		for _, s := range []float64{1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400} {
			if least > 0.5 && s >= least {
				return s / u.base()
			}
		}
		if least > 86400 {
			return decimal(least/86400) * 86400 / u.base()
		}
	}
	return decimal(least) / u.base()
}

// decimal is the smallest of 1, 2 and 5, times a power of ten, not below least.
func decimal(least float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(least)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= least*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// rungs are the values between low and high that a logarithmic axis may have
// ticks at, coarsest ladder first that has enough of them.
func (u Unit) rungs(low, high float64) []float64 {
	low, high = low*u.base()*(1-1e-9), high*u.base()*(1+1e-9)
	var found []float64
	for _, ladder := range u.ladders() {
		var on []float64
		for _, v := range ladder {
			if v >= low && v <= high {
				on = append(on, v/u.base())
			}
		}
		if len(on) > ticksMax && found != nil {
			break
		}
		found = on
	}
	for len(found) > ticksMax {
		found = everyOther(found)
	}
	return found
}

// ladders are from coarse to fine.
func (u Unit) ladders() [][]float64 {
	switch u {
	case Bytes:
		return [][]float64{powers(1, 1024, 6), powers(1, 32, 11), powers(1, 4, 26), powers(1, 2, 51)}
	case Seconds, Milliseconds:
		clock := []float64{10, 60, 600, 3600, 36000, 864000}
		coarse := append(powers(1e-9, 10, 10), clock...)
		coarse = append(coarse, powers(8.64e6, 10, 10)...)
		fine := append(decades(1e-9, 10), 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 18000, 36000, 86400)
		return [][]float64{coarse, fine}
	}
	return [][]float64{powers(1e-15, 10, 31), decades(1e-15, 31)}
}

// powers are n values from first, each factor times the one before.
func powers(first, factor float64, n int) []float64 {
	var out []float64
	for i := range n {
		out = append(out, first*math.Pow(factor, float64(i)))
	}
	return out
}

// decades are n powers of ten with two and five times each.
func decades(first float64, n int) []float64 {
	var out []float64
	for _, p := range powers(first, 10, n) {
		out = append(out, p, 2*p, 5*p)
	}
	return out
}

func everyOther(in []float64) []float64 {
	var out []float64
	for i := 0; i < len(in); i += 2 {
		out = append(out, in[i])
	}
	return out
}
