package rapbot_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// TestTheBoundHolds kills ten thousand primaries at a random moment each, and
// compares what was lost with what was said to be lost at the most.
func TestTheBoundHolds(t *testing.T) {
	for seed := range uint64(10_000) {
		w := newWorld(seed)
		got := *failover(t, w.topology(), "b", rapbot.Clues{History: w.samples}).Impact.Loss
		bytes, span := w.lost()
		if got.Open || got.Unknown || got.Counted {
			t.Fatalf("seed %d: not a bound: %+v", seed, figures(got))
		}
		if got.Bytes < bytes || got.Time < span {
			t.Fatalf("seed %d: %s in %s were lost, and at the most %s in %s were said to be\n%+v", seed, rapbot.Bytes(bytes), span, rapbot.Bytes(got.Bytes), got.Time, figures(got))
		}
	}
}

// world is a primary that writes, is sampled each second, and dies. Its times
// are rapbot's own, in seconds since the first sample.
type world struct {
	rand      *rand.Rand
	wrong     time.Duration // the primary's clock less rapbot's
	rates     []float64     // bytes a second, by second
	switches  []float64     // when the rest of a segment was left unfilled
	death     float64
	asked     float64 // when the look that was refused left
	restarted bool
	samples   []rapbot.Sample
	behind    [2]float64 // when what b and c have was written
}

const origin = 1 << 30

// newWorld draws a primary that writes faster in its unseen last moments than
// at any time before, by up to twice.
func newWorld(seed uint64) *world {
	w := &world{rand: rand.New(rand.NewPCG(seed, 0))}
	seconds := 5 + w.rand.IntN(60)
	w.wrong = time.Duration(w.rand.Int64N(int64(2*time.Hour))) - time.Hour
	w.restarted = w.rand.IntN(2) == 0
	scale, peak := float64(uint64(1)<<w.rand.IntN(28)), 0.0
	for range seconds - 1 {
		rate := w.rand.Float64() * scale
		w.rates, peak = append(w.rates, rate), max(peak, rate)
	}
	w.rates = append(w.rates, 0)
	if seconds > 10 && scale <= mib && w.rand.IntN(2) == 0 {
		w.switchSegments(seconds)
	}
	for i := range w.rates {
		w.sample(float64(i))
		if w.rand.IntN(3) == 0 && i < len(w.rates)-1 { // somebody looks besides, soon after or later
			w.sample(float64(i) + w.rand.Float64()*math.Pow(10, -float64(w.rand.IntN(4))))
		}
	}
	// From the last sample on it writes at any rate up to twice the peak, or
	// up to the least rate that is reckoned with.
	burst := max(2*peak, mib) * w.rand.Float64()
	if w.rand.IntN(2) == 0 {
		burst = max(2*peak, mib)
	}
	w.rates = append(w.rates[:seconds-1], burst, burst, burst, burst)
	w.death = float64(seconds-1) + w.rand.Float64()
	w.asked = w.death + 2*w.rand.Float64()
	for i := range w.behind {
		w.behind[i] = max(0, w.death-w.rand.ExpFloat64()*float64(w.rand.IntN(5)))
	}
	return w
}

// segment is how much of the log is in one file.
const segment = 16 * mib

// switchSegments has a primary that writes little leave a segment unfilled, or
// two within a tenth of a second, and the same again in the unseen time. A jump
// that is not much more than what it writes in a second is nothing to go by.
func (w *world) switchSegments(seconds int) {
	seen, unseen := 5+w.rand.Float64()*float64(seconds-8), float64(seconds-1)+w.rand.Float64()
	if w.written(seen)%segment > segment-4*mib {
		return
	}
	w.switches = []float64{seen, unseen}
	if again := seen + w.rand.Float64()/10; w.written(again) > w.written(seen) && w.rand.IntN(2) == 0 { // an empty one is kept
		w.switches = []float64{seen, again, unseen, unseen + w.rand.Float64()/10}
	}
}

// floor is how long the fastest answer is on its way, each way.
const floor = 0.02

// sample is put at a time and answered a while later; the answer arrives later
// still, sometimes much later.
func (w *world) sample(at float64) {
	back := floor
	if w.rand.IntN(4) == 0 {
		back += w.rand.Float64() * 0.9
	}
	w.samples = append(w.samples, rapbot.Sample{
		At: moment(at + back), Region: "a", Role: rapbot.Primary, Timeline: 1, Position: w.position(at), Clock: moment(at).Add(w.wrong),
		Took: time.Duration((floor + back) * float64(time.Second)),
	})
}

func (w *world) position(at float64) rapbot.LSN {
	var skipped rapbot.LSN
	for _, s := range w.switches {
		if s <= at {
			skipped += -(w.written(s) + skipped) % segment
		}
	}
	return w.written(at) + skipped
}

// written is what the position would be without any switch.
func (w *world) written(at float64) rapbot.LSN {
	sum := 0.0
	for i, rate := range w.rates {
		sum += rate * min(1, max(0, at-float64(i)))
	}
	return origin + rapbot.LSN(sum)
}

func (w *world) topology() rapbot.Topology {
	a := rapbot.Sighting{Region: "a", At: moment(w.asked + floor), Fault: "connection refused", RefusedSince: moment(w.asked + floor)}
	if last := w.samples[len(w.samples)-1]; !w.restarted {
		a.LastAnswer = last.At
		a.Server = rapbot.Server{SystemID: "7", Version: 150018, Timeline: 1, Clock: last.Clock, Flush: last.Position}
	}
	sightings := []rapbot.Sighting{a}
	for i, name := range []string{"b", "c"} {
		// The newest heartbeat at or before that moment; one is written each second.
		beat := moment(float64(int(w.behind[i]))).Add(w.wrong)
		s := cut(name, w.position(w.behind[i]))
		s.Server.Heartbeat = beat
		sightings = append(sightings, s)
	}
	return rapbot.Assess(sightings, moment(w.asked+30))
}

// lost is what the most advanced replica does not have.
func (w *world) lost() (bytes int64, span time.Duration) {
	has := max(w.behind[0], w.behind[1])
	return w.position(w.death).BytesPast(w.position(has)), moment(w.death).Sub(moment(has))
}

func moment(seconds float64) time.Time {
	return noon.Add(time.Duration(seconds * float64(time.Second)))
}
