package rapbot

import (
	"fmt"
	"math"
	"testing"
	"time"
)

var lagStart = time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)

// seconds are the samples of a primary and a replica, one a second from
// lagStart: the replica's heartbeat is that much older than the primary's clock.
func lagSamples(behind ...time.Duration) []Sample {
	var out []Sample
	for i, b := range behind {
		at := lagStart.Add(time.Duration(i) * time.Second)
		position := LSN(1<<30 + i<<20)
		out = append(out, Sample{At: at, Region: "us-east-1", Role: Primary, Timeline: 1, Position: position, Clock: at},
			Sample{At: at, Region: "us-west-2", Role: Replica, Timeline: 1, Position: position, Replay: position - LSN(b/time.Second)<<20, Clock: at, Heartbeat: at.Add(-b)})
	}
	return out
}

// measure shows a region's series as text: values, with | where a gap begins.
func measure(t *testing.T, samples []Sample, to time.Duration, bytes bool) string {
	t.Helper()
	m := NewLagMeter(lagStart, lagStart.Add(to), time.Second, bytes)
	for _, s := range samples {
		m.Take(s)
	}
	text := ""
	for _, s := range m.Series() {
		text += s.Region + ":"
		for _, p := range s.Points {
			if p.Gap {
				text += " |"
			} else {
				text += fmt.Sprintf(" %g", p.Value)
			}
		}
	}
	return text
}

func TestLagMeter(t *testing.T) {
	const s = time.Second
	without := func(samples []Sample, region string, from, to int) []Sample {
		var out []Sample
		for _, x := range samples {
			if i := int(x.At.Sub(lagStart) / s); x.Region != region || i < from || i >= to {
				out = append(out, x)
			}
		}
		return out
	}
	dead := func(samples []Sample, region string, from, to int) []Sample {
		out := append([]Sample{}, samples...)
		for i, x := range out {
			if n := int(x.At.Sub(lagStart) / s); x.Region == region && n >= from && n < to {
				out[i] = Sample{At: x.At, Region: region, Role: Unknown}
			}
		}
		return out
	}
	slow := func(samples []Sample, region string, at int, took time.Duration) []Sample {
		out := append([]Sample{}, samples...)
		for i, x := range out {
			if x.Region == region && int(x.At.Sub(lagStart)/s) == at {
				out[i].At = x.At.Add(took)
			}
		}
		return out
	}
	long := make([]time.Duration, 20)
	for i := range long {
		long[i] = s
	}
	for name, tt := range map[string]struct {
		samples []Sample
		to      time.Duration
		bytes   bool
		want    string
	}{
		"in seconds":                      {lagSamples(0, s, 2*s, 0), 4 * s, false, "us-west-2: 0 1 2 0"},
		"in bytes":                        {lagSamples(0, s, 2*s, 0), 4 * s, true, "us-west-2: 0 1.048576e+06 2.097152e+06 0"},
		"a replica that is silent":        {without(lagSamples(long...), "us-west-2", 2, 10), 20 * s, false, "us-west-2: 1 1 | 1 1 1 1 1 1 1 1 1 1"},
		"a short silence is none":         {without(lagSamples(long...), "us-west-2", 2, 5), 20 * s, false, "us-west-2: 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1"},
		"a replica that is down":          {dead(lagSamples(s, s, s, s, s), "us-west-2", 2, 3), 5 * s, false, "us-west-2: 1 1 | 1 1"},
		"silent at the end":               {lagSamples(s, s), 20 * s, false, "us-west-2: 1 1 |"},
		"a primary that is silent":        {without(lagSamples(long...), "us-east-1", 1, 15), 20 * s, false, "us-west-2: 1 1 1 1 1 1 | 1 1 1 1 1"},
		"never a primary":                 {without(lagSamples(long...), "us-east-1", 0, 20), 20 * s, false, ""},
		"an answer that took long":        {slow(lagSamples(s, s, s, s), "us-west-2", 2, 700*time.Millisecond), 4 * s, false, "us-west-2: 1 1 1 1"},
		"a primary's that took long":      {slow(lagSamples(s, s, s, s), "us-east-1", 2, 0), 4 * s, false, "us-west-2: 1 1 1 1"},
		"only what lies in between":       {lagSamples(s, s, 3*s, s), 2 * s, false, "us-west-2: 1 1"},
		"no heartbeat is no lag in time":  {[]Sample{{At: lagStart, Region: "a", Role: Primary, Position: 9, Clock: lagStart}, {At: lagStart, Region: "b", Role: Replica, Replay: 5, Clock: lagStart}}, s, false, ""},
		"no heartbeat is a lag in bytes":  {[]Sample{{At: lagStart, Region: "a", Role: Primary, Position: 9, Clock: lagStart}, {At: lagStart, Region: "b", Role: Replica, Replay: 5, Clock: lagStart}}, s, true, "b: 4"},
		"an old heartbeat is no lag":      {[]Sample{{At: lagStart, Region: "a", Role: Primary, Position: 9, Clock: lagStart}, {At: lagStart, Region: "b", Role: Replica, Replay: 9, Clock: lagStart, Heartbeat: lagStart.Add(-time.Hour)}}, s, false, "b: 0"},
		"clocks of servers may be wrong":  {skewed(lagSamples(s, 2*s), "us-west-2", time.Hour), 2 * s, false, "us-west-2: 1 2"},
		"the primary of the new timeline": {append(lagSamples(s), Sample{At: lagStart.Add(s), Region: "eu-west-1", Role: Primary, Timeline: 2, Position: 2 << 30, Clock: lagStart.Add(s)}, Sample{At: lagStart.Add(s), Region: "us-east-1", Role: Primary, Timeline: 1, Position: 5 << 30, Clock: lagStart.Add(s)}, Sample{At: lagStart.Add(s), Region: "us-west-2", Role: Replica, Replay: 2<<30 - 7, Clock: lagStart.Add(s), Heartbeat: lagStart}), 2 * s, true, "us-west-2: 1.048576e+06 7"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := measure(t, tt.samples, tt.to, tt.bytes); got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func skewed(samples []Sample, region string, by time.Duration) []Sample {
	for i := range samples {
		if samples[i].Region == region {
			samples[i].Clock = samples[i].Clock.Add(by)
		}
	}
	return samples
}

// TestLagMeterThinsOut wants six hours of samples in some hundred points, with
// the one second that was bad among them.
func TestLagMeterThinsOut(t *testing.T) {
	m := NewLagMeter(lagStart, lagStart.Add(6*time.Hour), time.Second, false)
	for i := range 6 * 3600 {
		at := lagStart.Add(time.Duration(i) * time.Second)
		late := 500 * time.Millisecond
		if i == 12345 {
			late = 42 * time.Second
		}
		m.Take(Sample{At: at, Region: "us-east-1", Role: Primary, Timeline: 1, Position: 9, Clock: at})
		m.Take(Sample{At: at, Region: "us-west-2", Role: Replica, Timeline: 1, Replay: 5, Clock: at, Heartbeat: at.Add(-late)})
	}
	series := m.Series()
	if len(series) != 1 || len(series[0].Points) < 500 || len(series[0].Points) > 1000 {
		t.Fatalf("%d series with %d points", len(series), len(series[0].Points))
	}
	_, worst, found := series[0].Latest()
	if !found || worst.Value != 42 || !worst.At.Equal(lagStart.Add(12345*time.Second)) {
		t.Errorf("the worst is %+v", worst)
	}
}

func TestLagSeriesInWords(t *testing.T) {
	at := func(s int) time.Time { return lagStart.Add(time.Duration(s) * time.Second) }
	s := LagSeries{Points: []LagPoint{{At: at(10), Value: 3}, {At: at(20), Value: 7}, {At: at(30), Gap: true}, {At: at(50), Value: 1}, {At: at(55), Gap: true}}}
	latest, worst, found := s.Latest()
	if !latest.Gap || worst.Value != 7 || !found {
		t.Errorf("latest %+v, worst %+v, %t", latest, worst, found)
	}
	if got := s.Unknown(at(0), at(60)); got != 35*time.Second {
		t.Errorf("unknown for %s, want 35s", got)
	}
	if _, _, found := (LagSeries{Points: []LagPoint{{At: at(1), Gap: true, Value: math.NaN()}}}).Latest(); found {
		t.Error("a gap was taken for a value")
	}
}
