package rapbot_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

const (
	kib, mib = 1 << 10, 1 << 20
	end      = 64 * kib // what the bound adds for the end of the log
)

// loss is that of a failover to b.
func loss(t *testing.T, clues rapbot.Clues, s ...rapbot.Sighting) rapbot.Loss {
	t.Helper()
	return *failover(t, fleet(s...), "b", clues).Impact.Loss
}

// TestLoss reckons by hand. a wrote 1 KiB a second, so the time in which nobody
// saw it is reckoned at the least rate, 1 MiB a second.
func TestLoss(t *testing.T) {
	busy := known()
	busy.History = slices.Clone(busy.History)
	for i := range busy.History {
		busy.History[i].Position = written - rapbot.LSN(60-i)*4*mib
	}
	slow := known()
	slow.History = slices.Clone(slow.History)
	slow.History[60].Clock = slow.History[60].Clock.Add(-1500 * time.Millisecond) // it took that much longer to arrive
	bunched := rapbot.Clues{History: slices.Clone(busy.History[59:])}
	bunched.History[0].At = seenLast.Add(-1500 * time.Millisecond) // a second apart when they were asked
	old := known()
	old.History = old.History[:50] // ends 11 seconds before the last answer
	told := with(fed("b", written), func(s *rapbot.Server) {
		s.Receiver.LastMessage, s.Receiver.LatestEnd = noon.Add(-9*time.Second), written+3*kib
	})
	tests := []struct {
		name      string
		clues     rapbot.Clues
		sightings []rapbot.Sighting
		want      rapbot.Loss
	}{
		{
			"level when it was last seen, found dead two seconds later",
			known(),
			[]rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Bytes: 2*mib + end, Time: 3 * time.Second, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"the replica was behind",
			known(),
			[]rapbot.Sighting{gone("a", true), cut("b", written-5*kib), cut("c", 1)},
			rapbot.Loss{Bytes: 5*kib + 2*mib + end, Known: 5 * kib, Time: 3 * time.Second, From: written - 5*kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"the sibling has more, and hands it over",
			known(),
			[]rapbot.Sighting{gone("a", true), cut("b", 1), cut("c", written-5*kib)},
			rapbot.Loss{Bytes: 5*kib + 2*mib + end, Known: 5 * kib, Time: 3 * time.Second, From: written - 5*kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"what was received and not replayed may end in half a record",
			known(),
			[]rapbot.Sighting{gone("a", true), with(cut("b", written), func(s *rapbot.Server) { s.Replay = written - kib }), cut("c", 1)},
			rapbot.Loss{Bytes: kib + 2*mib + end, Known: kib, Time: 3 * time.Second, From: written - kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"it wrote faster, so it may have gone on twice as fast",
			busy,
			[]rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Bytes: 2*8*mib + end, Time: 3 * time.Second, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: 8 * mib},
		},
		{
			"the rate is of when it was asked, not of when the answers arrived",
			bunched,
			[]rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Bytes: 20*mib + end, Time: 3500 * time.Millisecond, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: 8 * mib},
		},
		{
			"its last message told of more than any sample",
			known(),
			[]rapbot.Sighting{gone("a", true), told, cut("c", 1)},
			rapbot.Loss{Bytes: 3*kib + 2*mib + end, Known: 3 * kib, Time: 3 * time.Second, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"silence: nobody knows when it died, or whether",
			known(),
			[]rapbot.Sighting{gone("a", false), cut("b", written), cut("c", written)},
			rapbot.Loss{Open: true, Bytes: 10*mib + end, Time: 11 * time.Second, From: written, Seen: seenLast, Rate: mib},
		},
		{
			"refused here, and seen alive there",
			known(),
			[]rapbot.Sighting{gone("a", true), cut("b", written), fed("c", written)},
			rapbot.Loss{Open: true, Bytes: 10*mib + end, Time: 11 * time.Second, From: written, Seen: seenLast, Rate: mib},
		},
		{
			"rapbot was restarted and has the samples alone",
			known(),
			[]rapbot.Sighting{forgotten("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Bytes: 2*mib + end, Time: 3 * time.Second, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"its last answer is newer than the samples",
			old,
			[]rapbot.Sighting{gone("a", true), cut("b", written-5*kib), cut("c", 1)},
			rapbot.Loss{Bytes: 5*kib + 2*mib + end, Known: 5 * kib, Time: 3 * time.Second, From: written - 5*kib, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"the last answer was slow, so what it told was old",
			slow,
			[]rapbot.Sighting{forgotten("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Bytes: 35*mib/10 + end, Time: 3 * time.Second, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"no samples, and rapbot was restarted",
			rapbot.Clues{},
			[]rapbot.Sighting{forgotten("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Unknown: true, From: written, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"one sample tells no rate",
			rapbot.Clues{History: known().History[60:]},
			[]rapbot.Sighting{gone("a", true), cut("b", written), cut("c", written)},
			rapbot.Loss{Unknown: true, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"no heartbeat",
			known(),
			[]rapbot.Sighting{gone("a", true), with(cut("b", written), func(s *rapbot.Server) { s.Heartbeat = time.Time{} }), cut("c", 1)},
			rapbot.Loss{Unknown: true, From: written, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"no replica answers",
			known(),
			[]rapbot.Sighting{gone("a", true), forgotten("b", false), forgotten("c", false)},
			rapbot.Loss{Unknown: true, Seen: seenLast, Dead: seenLast.Add(2 * time.Second), Rate: mib},
		},
		{
			"it answers: it is stopped, and the replicas get the rest first",
			known(),
			[]rapbot.Sighting{primaryAt("a", written+9*kib), cut("b", written), cut("c", written)},
			rapbot.Loss{Open: true, Bytes: 9*kib + end, Known: 9 * kib, From: written, Seen: noon},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := loss(t, tt.clues, tt.sightings...); got != tt.want {
				t.Errorf("have %+v\nwant %+v", figures(got), figures(tt.want))
			}
		})
	}
}

// figures is a loss without its words.
type figures rapbot.Loss

// A clock that is wrong on the primary, or on a replica, changes nothing.
func TestLossWithWrongClocks(t *testing.T) {
	want := loss(t, known(), gone("a", true), cut("b", written-kib), cut("c", written))
	for _, wrong := range []time.Duration{-24 * time.Hour, -time.Minute, time.Millisecond, time.Hour} {
		clues := known()
		for i := range clues.History {
			clues.History[i].Clock = clues.History[i].Clock.Add(wrong)
		}
		a, b, c := gone("a", true), cut("b", written-kib), cut("c", written)
		a.Server.Clock = a.Server.Clock.Add(wrong)
		for _, replica := range []*rapbot.Sighting{&b, &c} {
			replica.Server.Heartbeat = replica.Server.Heartbeat.Add(wrong) // written by the primary
			replica.Server.Clock = replica.Server.Clock.Add(-wrong)
		}
		if got := loss(t, clues, a, b, c); got != want {
			t.Errorf("off by %s: have %+v\nwant %+v", wrong, figures(got), figures(want))
		}
		if got := loss(t, clues, forgotten("a", true), b, c); got != want {
			t.Errorf("off by %s, after a restart: have %+v\nwant %+v", wrong, figures(got), figures(want))
		}
	}
}

// TestLossCounted offers what was read of the dead primary's log.
func TestLossCounted(t *testing.T) {
	fits := rapbot.Divergence{SystemID: "7", Timeline: 1, Related: true, Fork: written, End: written + 500, Commits: 3}
	tests := []struct {
		name   string
		change func(*rapbot.Divergence)
		want   string
	}{
		{"it fits", func(*rapbot.Divergence) {}, "exactly 3 commits (500 B of WAL), counted in its own log"},
		{"one commit", func(d *rapbot.Divergence) { d.Commits = 1 }, "exactly 1 commit (500 B of WAL), counted in its own log"},
		{"no commits", func(d *rapbot.Divergence) { d.Commits = 0 }, "nothing, counted in its own log"},
		{"nothing at all", func(d *rapbot.Divergence) { d.Commits, d.End = 0, written }, "nothing, counted in its own log"},
		{"of another cluster", func(d *rapbot.Divergence) { d.SystemID = "8" }, "at the most 2.1 MiB of WAL, written in its last 3 s"},
		{"of another history", func(d *rapbot.Divergence) { d.Related = false }, "at the most 2.1 MiB of WAL, written in its last 3 s"},
		{"it parts past what the replica has", func(d *rapbot.Divergence) { d.Fork, d.End = written+1, written+501 }, "at the most 2.1 MiB of WAL, written in its last 3 s"},
		{"it ends long before the primary was last seen", func(d *rapbot.Divergence) { d.Fork, d.End, d.Commits = written-mib, written-mib, 0 }, "at the most 2.1 MiB of WAL, written in its last 3 s"},
		{"it is of an older timeline than the primary was", func(d *rapbot.Divergence) { d.Timeline = 0 }, "at the most 2.1 MiB of WAL, written in its last 3 s"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clues, d := known(), fits
			tt.change(&d)
			clues.Divergence = &d
			for _, a := range []rapbot.Sighting{gone("a", true), forgotten("a", true)} {
				got := loss(t, clues, a, cut("b", written), cut("c", written))
				if got.String() != tt.want {
					t.Errorf("have %q, want %q", got, tt.want)
				}
				if got.None() != (tt.want == "nothing, counted in its own log") || got.None() && got.Time != 0 {
					t.Errorf("nothing is lost: %t, in %s", got.None(), got.Time)
				}
			}
			clues.History = nil
			if got := loss(t, clues, gone("a", false), cut("b", written), cut("c", written)); got.Counted && (got.Open || got.Unknown) {
				t.Errorf("counted, and yet %s", got)
			}
		})
	}
}

func TestLossInWords(t *testing.T) {
	tests := map[string]rapbot.Loss{
		"at the most 1.5 KiB of WAL, written in its last 4 s":                                                           {Bytes: 1536, Time: 4 * time.Second},
		"1.5 KiB and the last 4 s so far, and more for as long as it may still take writes":                             {Bytes: 1536, Time: 4 * time.Second, Open: true},
		"nobody can tell how much, because too little was seen of it":                                                   {Unknown: true},
		"nobody can tell how much, because too little was seen of it, and more for as long as it may still take writes": {Unknown: true, Open: true},
	}
	for want, l := range tests {
		if got := l.String(); got != want {
			t.Errorf("have %q, want %q", got, want)
		}
	}
}

func TestWorseThan(t *testing.T) {
	bound := rapbot.Loss{Bytes: 1000, Time: time.Second}
	tests := []struct {
		name          string
		now, accepted rapbot.Loss
		want          bool
	}{
		{"the same", bound, bound, false},
		{"less", rapbot.Loss{Bytes: 999, Time: time.Millisecond}, bound, false},
		{"more bytes", rapbot.Loss{Bytes: 1001}, bound, true},
		{"more time", rapbot.Loss{Time: time.Second + 1}, bound, true},
		{"open where a bound was accepted", rapbot.Loss{Open: true}, bound, true},
		{"a bound where open was accepted", rapbot.Loss{Bytes: 1 << 40, Time: time.Hour}, rapbot.Loss{Open: true}, false},
		{"open where open was accepted", rapbot.Loss{Open: true, Bytes: 1 << 40}, rapbot.Loss{Open: true}, false},
		{"not known where a bound was accepted", rapbot.Loss{Unknown: true}, bound, true},
		{"not known where open was accepted", rapbot.Loss{Unknown: true, Open: true}, rapbot.Loss{Open: true}, true},
		{"a bound where not known was accepted", rapbot.Loss{Bytes: 1 << 40}, rapbot.Loss{Unknown: true}, false},
		{"open where not known was accepted", rapbot.Loss{Open: true}, rapbot.Loss{Unknown: true}, true},
		{"counted, more than was accepted", rapbot.Loss{Counted: true, Commits: 1, Bytes: 1001}, bound, true},
		{"counted, nothing, in more bytes", rapbot.Loss{Counted: true, Bytes: 1001}, bound, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.now.WorseThan(tt.accepted); got != tt.want {
				t.Errorf("worse: %t, want %t", got, tt.want)
			}
		})
	}
}

func TestSamples(t *testing.T) {
	b := replicaAt("b", 500, noon.Add(-time.Second))
	b.Server.Replay = 400
	want := []rapbot.Sample{
		{At: noon, Region: "a", Role: rapbot.Primary, Timeline: 1, Position: 900, Clock: noon, Heartbeat: noon},
		{At: noon, Region: "b", Role: rapbot.Replica, Timeline: 1, Position: 500, Replay: 400, Clock: noon, Heartbeat: noon.Add(-time.Second)},
	}
	if got := fleet(primaryAt("a", 900), b, gone("c", true)).Samples(); !slices.Equal(got, want) {
		t.Errorf("have %+v\nwant %+v", got, want)
	}
}

// TestTheBoundHolds kills a thousand primaries at a random moment each, and
// compares what was lost with what was said to be lost at the most.
func TestTheBoundHolds(t *testing.T) {
	for seed := range uint64(1000) {
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
	for range seconds {
		rate := w.rand.Float64() * scale
		w.rates, peak = append(w.rates, rate), max(peak, rate)
	}
	for i := range w.rates {
		w.sample(float64(i))
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
	})
}

func (w *world) position(at float64) rapbot.LSN {
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
