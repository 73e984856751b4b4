package journal_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/integrations/journal"
)

// BenchmarkAppend writes to operations of up to 100 records, one at a time; an
// append is on disk when it returns.
func BenchmarkAppend(b *testing.B) {
	j := open(b, empty(b))
	term := acquire(b, j)
	o := propose(b, j, term)
	for b.Loop() {
		if o.Seq() == 100 {
			if _, err := j.Append(b.Context(), term, o.ID, rapbot.Record{Seq: 101, Kind: rapbot.RecCancelled}); err != nil {
				b.Fatal(err)
			}
			o = propose(b, j, term)
		}
		var err error
		if o, err = j.Append(b.Context(), term, o.ID, rapbot.Record{Seq: o.Seq() + 1, Kind: rapbot.RecTold}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

// BenchmarkAccept takes in deliveries of 20 alerts in 50 groups, from as many
// callers as there are processors.
func BenchmarkAccept(b *testing.B) {
	j := open(b, empty(b))
	var n atomic.Int64
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			if fresh, err := j.Accept(b.Context(), busyDelivery(i)); err != nil || !fresh {
				b.Error(fresh, err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "accepts/s")
}

func busyDelivery(i int64) alert.Delivery {
	d := alert.Delivery{Key: fmt.Sprint(i), ReceivedAt: time.Now(), Receiver: "rapbot", Status: "firing"}
	d.GroupLabels = map[string]string{"alertname": "ReplicationLag", "region": fmt.Sprint(i % 50)}
	for a := range 20 {
		d.Alerts = append(d.Alerts, alert.Alert{
			Status: "firing", Labels: d.GroupLabels, Annotations: map[string]string{"summary": "us-west-2 is 4m behind us-east-1"},
			StartsAt: d.ReceivedAt, Fingerprint: fmt.Sprint(a),
		})
	}
	return d
}

// BenchmarkKeep writes rounds of three samples, of a second each, so that old
// ones are forgotten as they are in a day.
func BenchmarkKeep(b *testing.B) {
	j := open(b, empty(b))
	n := 0
	for b.Loop() {
		if err := j.Keep(b.Context(), round(n)...); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rounds/s")
}

// BenchmarkSince reads a whole day of three regions.
func BenchmarkSince(b *testing.B) {
	j := open(b, empty(b))
	for hour := range 24 {
		var samples []rapbot.Sample
		for n := range 3600 {
			samples = append(samples, round(3600*hour+n)...)
		}
		if err := j.Keep(b.Context(), samples...); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if all, err := j.Since(b.Context(), time.Time{}); err != nil || len(all) != regions*24*3600 {
			b.Fatal(len(all), err)
		}
	}
}

// BenchmarkAppendBesideSamples appends while rounds are kept: none, one a
// second as in service, and a hundred a second to see anything at all.
func BenchmarkAppendBesideSamples(b *testing.B) {
	for _, perSecond := range []int{0, 1, 100} {
		b.Run(fmt.Sprint(perSecond, " rounds a second"), func(b *testing.B) {
			j := open(b, empty(b))
			ctx, stop := context.WithCancel(b.Context())
			var sampling sync.WaitGroup
			sampling.Go(func() { keepRounds(ctx, b, j, perSecond) })
			term := acquire(b, j)
			var took []time.Duration
			for b.Loop() {
				b.StopTimer()
				o := propose(b, j, term)
				b.StartTimer()
				at := time.Now()
				if _, err := j.Append(b.Context(), term, o.ID, rapbot.Record{Seq: 2, Kind: rapbot.RecCancelled}); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(at))
			}
			stop()
			sampling.Wait()
			slices.Sort(took)
			for _, percent := range []int{50, 99} {
				b.ReportMetric(float64(took[len(took)*percent/100].Microseconds()), fmt.Sprintf("p%d-µs", percent))
			}
		})
	}
}

func keepRounds(ctx context.Context, b *testing.B, j *journal.Journal, perSecond int) {
	if perSecond == 0 {
		return
	}
	tick := time.NewTicker(time.Second / time.Duration(perSecond))
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := j.Keep(context.WithoutCancel(ctx), round(n)...); err != nil {
				b.Error(err)
			}
		}
	}
}

// BenchmarkSixHours reads the lag of six hours of samples of three regions, as
// /rap lag --since 6h does.
func BenchmarkSixHours(b *testing.B) {
	j := open(b, empty(b))
	from := time.Unix(1_700_000_000, 0)
	const seconds = 6 * 3600
	for i := 0; i < seconds; i += 600 {
		var round []rapbot.Sample
		for at := from.Add(time.Duration(i) * time.Second); at.Before(from.Add(time.Duration(i+600) * time.Second)); at = at.Add(time.Second) {
			round = append(round, rapbot.Sample{At: at, Region: "us-east-1", Role: rapbot.Primary, Timeline: 1, Position: 9, Clock: at})
			for _, region := range []string{"us-west-2", "eu-west-1"} {
				round = append(round, rapbot.Sample{At: at, Region: region, Role: rapbot.Replica, Timeline: 1, Replay: 5, Clock: at, Heartbeat: at.Add(-time.Second)})
			}
		}
		if err := j.Keep(b.Context(), round...); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		meter := rapbot.NewLagMeter(from, from.Add(seconds*time.Second), time.Second, false)
		if err := j.Each(b.Context(), from, from.Add(seconds*time.Second), meter.Take); err != nil {
			b.Fatal(err)
		}
		if series := meter.Series(); len(series) != 2 {
			b.Fatal(series)
		}
	}
}
