package chart_test

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/rap-analyzer/rapbot/integrations/chart"
)

var night = time.Date(2026, 3, 2, 3, 4, 0, 0, time.UTC)

// failover is the write latency through a change of primary: 50 writes a
// second, blocked for four seconds, and one slow write behind them.
func failover() chart.Chart {
	r := rand.New(rand.NewPCG(1, 2))
	var writes []chart.Point
	for t := time.Duration(0); t < time.Minute; t += 20 * time.Millisecond {
		p := chart.Point{At: night.Add(t), Value: 2.5 + r.ExpFloat64()*1.5}
		switch {
		case t > 27*time.Second && t < 31*time.Second:
			p.Gap = true
		case t >= 31*time.Second && t < 33*time.Second:
			p.Value += 4200 * math.Exp(-float64(t-31*time.Second)/float64(300*time.Millisecond))
		}
		writes = append(writes, p)
	}
	return chart.Chart{
		Title: "Write latency through the switchover to us-west-2", YLabel: "acknowledged writes", Unit: chart.Milliseconds,
		Series: []chart.Series{{Name: "us-east-1, then us-west-2", Points: writes}}, Threshold: &chart.Line{Value: 10000, Label: "limit"},
		Marks: []chart.Mark{
			{At: night.Add(27 * time.Second), Label: "writers blocked"},
			{At: night.Add(29500 * time.Millisecond), Label: "us-west-2 promoted"},
			{At: night.Add(31 * time.Second), Label: "writers let in"},
		},
	}
}

// lag is the replication lag of two replicas in six hours; one was away.
func lag() chart.Chart {
	r := rand.New(rand.NewPCG(3, 4))
	var west, eu []chart.Point
	for t := time.Duration(0); t < 6*time.Hour; t += 10 * time.Second {
		at := night.Add(-6*time.Hour + t)
		west = append(west, chart.Point{At: at, Value: r.ExpFloat64() * 40000})
		p := chart.Point{At: at, Value: 300000 + 200000*math.Sin(float64(t)/float64(time.Hour)) + r.ExpFloat64()*80000, Gap: t > 2*time.Hour && t < 150*time.Minute}
		if over := t - 150*time.Minute; over >= 0 && over < 20*time.Minute {
			p.Value += 600e6 * (1 - float64(over)/float64(20*time.Minute))
		}
		eu = append(eu, p)
	}
	return chart.Chart{
		Title: "Replication lag", YLabel: "behind us-east-1", Unit: chart.Bytes, Threshold: &chart.Line{Value: 16 << 20, Label: "alert above"},
		Series: []chart.Series{{Name: "us-west-2", Points: west}, {Name: "eu-west-1", Points: eu}},
		Marks:  []chart.Mark{{At: night.Add(-4 * time.Hour), Label: "eu-west-1 stopped"}, {At: night.Add(-210 * time.Minute), Label: "eu-west-1 back"}},
	}
}

// every is one point a second with these values; NaN is a gap.
func every(values ...float64) []chart.Point {
	var out []chart.Point
	for i, v := range values {
		out = append(out, chart.Point{At: night.Add(time.Duration(i) * time.Second), Value: v})
	}
	return out
}

func one(unit chart.Unit, values ...float64) chart.Chart {
	return chart.Chart{Title: "One line", Unit: unit, Series: []chart.Series{{Name: "line", Points: every(values...)}}}
}
