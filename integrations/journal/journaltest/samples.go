package journaltest

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

var samplePromises = []promise[rapbot.Samples]{
	{"Keep/what was kept is there, every field of it, with times in UTC", keptWhole},
	{"Keep/what is not known stays so", keptUnknown},
	{"Keep/nothing is nothing", keptNothing},
	{"Keep/one of the same region and moment is kept once, the first", keptOnce},
	{"Keep/one without a time is refused, and none of its round is kept", keptNone},
	{"Keep/many at once are all kept", keptByMany},
	{"Keep/a day is kept, and what is older is forgotten", sampledForADay},
	{"Keep/a clock that goes back does not end the forgetting", forgottenAfterAClockWentBack},
	{"Since/oldest first, whatever the order they came in", sinceInOrder},
	{"Since/from that moment on", sinceMoment},
	{"Each/from a moment to a moment, in order", eachWithin},
}

// aRound is what the three regions are seen to be at one time, in the order in
// which they are read back.
func aRound(at time.Time) []rapbot.Sample {
	replica := rapbot.Sample{
		At: at, Region: "eu-west-1", Role: rapbot.Replica, Timeline: 3, Position: 0x16_B374D848, Replay: 0x16_B374D000,
		Clock: at.Add(-2 * time.Minute), Heartbeat: at.Add(-time.Second - time.Nanosecond),
	}
	primary := rapbot.Sample{At: at, Region: "us-east-1", Role: rapbot.Primary, Timeline: 3, Position: 0x16_B374D900, Clock: at.Add(time.Millisecond), Took: 68 * time.Millisecond, Heartbeat: at}
	other := replica
	other.Region = "us-west-2"
	return []rapbot.Sample{replica, primary, other}
}

func since(t *testing.T, j rapbot.Samples, from time.Time) []rapbot.Sample {
	t.Helper()
	return must[[]rapbot.Sample](t)(j.Since(t.Context(), from))
}

// moments are when the samples are of, each once, counted from noon.
func moments(samples []rapbot.Sample) []time.Duration {
	out := []time.Duration{}
	for _, s := range samples {
		out = append(out, s.At.Sub(noon))
	}
	return slices.Compact(out)
}

func keptWhole(t *testing.T, j rapbot.Samples) {
	same(t, len(since(t, j, time.Time{})), 0)
	want := aRound(noon)
	zone := time.FixedZone("UTC-3:30", -(3*3600 + 30*60))
	said := slices.Clone(want)
	for i := range said {
		said[i].At, said[i].Clock, said[i].Heartbeat = said[i].At.In(zone), said[i].Clock.In(zone), said[i].Heartbeat.In(zone)
	}
	succeed(t, j.Keep(t.Context(), said...))
	got := since(t, j, time.Time{})
	same(t, got, want)
	for _, at := range []time.Time{got[0].At, got[0].Clock, got[0].Heartbeat} {
		if at.Location() != time.UTC {
			t.Errorf("a time is read back in %s, want UTC", at.Location())
		}
	}
	got[0].Region = "changed by the caller"
	same(t, since(t, j, time.Time{}), want)
}

func keptUnknown(t *testing.T, j rapbot.Samples) {
	want := []rapbot.Sample{
		{At: noon, Region: "", Role: rapbot.Unknown},
		{At: noon, Region: "a", Role: rapbot.Primary, Timeline: math.MaxUint32, Position: math.MaxUint64, Replay: math.MaxUint64},
	}
	succeed(t, j.Keep(t.Context(), want...))
	got := since(t, j, time.Time{})
	same(t, got, want)
	if !got[0].Clock.IsZero() || !got[0].Heartbeat.IsZero() {
		t.Errorf("times that are not known were read back as %v and %v", got[0].Clock, got[0].Heartbeat)
	}
}

func keptNothing(t *testing.T, j rapbot.Samples) {
	succeed(t, j.Keep(t.Context()))
	same(t, len(since(t, j, time.Time{})), 0)
}

func keptOnce(t *testing.T, j rapbot.Samples) {
	want := aRound(noon)
	succeed(t, j.Keep(t.Context(), want[1]))
	twin := want[1]
	twin.Position++
	succeed(t, j.Keep(t.Context(), want[0], twin, want[2], want[2]))
	same(t, since(t, j, time.Time{}), want)
}

func keptNone(t *testing.T, j rapbot.Samples) {
	round := aRound(noon)
	round[2].At = time.Time{}
	if err := j.Keep(t.Context(), round...); err == nil {
		t.Error("a sample without a time was kept")
	}
	same(t, len(since(t, j, time.Time{})), 0)
}

func keptByMany(t *testing.T, j rapbot.Samples) {
	want := []time.Duration{}
	for i := range rivals {
		want = append(want, time.Duration(i)*time.Second)
	}
	for _, err := range together(rivals, func(i int) error { return j.Keep(t.Context(), aRound(noon.Add(want[i]))...) }) {
		succeed(t, err)
	}
	same(t, len(since(t, j, time.Time{})), 3*rivals)
	same(t, moments(since(t, j, time.Time{})), want)
}

// sampledForADay allows a journal to forget an hour late.
func sampledForADay(t *testing.T, j rapbot.Samples) {
	const day = 24 * time.Hour
	for _, step := range []struct {
		at   time.Duration
		want []time.Duration
	}{
		{0, []time.Duration{0}},
		{time.Hour, []time.Duration{0, time.Hour}},
		{day, []time.Duration{0, time.Hour, day}},
		{day + time.Hour, []time.Duration{time.Hour, day, day + time.Hour}},
		{9 * day, []time.Duration{9 * day}},
	} {
		succeed(t, j.Keep(t.Context(), aRound(noon.Add(step.at))...))
		same(t, moments(since(t, j, time.Time{})), step.want)
	}
}

func forgottenAfterAClockWentBack(t *testing.T, j rapbot.Samples) {
	const day = 24 * time.Hour
	succeed(t, j.Keep(t.Context(), aRound(noon)...))
	succeed(t, j.Keep(t.Context(), aRound(noon.Add(-2*day))...))
	succeed(t, j.Keep(t.Context(), aRound(noon.Add(-time.Hour))...))
	same(t, moments(since(t, j, time.Time{})), []time.Duration{-time.Hour, 0})
}

func sinceInOrder(t *testing.T, j rapbot.Samples) {
	for _, s := range []time.Duration{3, 1, 2, 0} {
		round := aRound(noon.Add(s * time.Nanosecond))
		slices.Reverse(round)
		succeed(t, j.Keep(t.Context(), round...))
	}
	var want []rapbot.Sample
	for s := range 4 {
		want = append(want, aRound(noon.Add(time.Duration(s)))...)
	}
	same(t, since(t, j, time.Time{}), want)
}

func sinceMoment(t *testing.T, j rapbot.Samples) {
	zone := time.FixedZone("UTC+9", 9*3600)
	succeed(t, j.Keep(t.Context(), append(aRound(noon), aRound(noon.Add(time.Second))...)...))
	for from, want := range map[time.Duration][]time.Duration{
		-time.Hour:                    {0, time.Second},
		0:                             {0, time.Second},
		time.Nanosecond:               {time.Second},
		time.Second:                   {time.Second},
		time.Second + time.Nanosecond: {},
	} {
		same(t, moments(since(t, j, noon.Add(from).In(zone))), want)
	}
}

func eachWithin(t *testing.T, j rapbot.Samples) {
	for s := range 4 {
		succeed(t, j.Keep(t.Context(), aRound(noon.Add(time.Duration(s)*time.Second))...))
	}
	for _, within := range []struct{ from, to time.Duration }{{-time.Hour, time.Hour}, {time.Second, 3 * time.Second}, {time.Second, time.Second}, {time.Hour, 2 * time.Hour}} {
		var got, want []rapbot.Sample
		for _, s := range since(t, j, noon.Add(within.from)) {
			if s.At.Before(noon.Add(within.to)) {
				want = append(want, s)
			}
		}
		succeed(t, j.Each(t.Context(), noon.Add(within.from), noon.Add(within.to), func(s rapbot.Sample) { got = append(got, s) }))
		same(t, got, want)
	}
}
