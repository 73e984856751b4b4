package journal_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
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

func busyDelivery(i int64) rapbot.Delivery {
	d := rapbot.Delivery{Key: fmt.Sprint(i), ReceivedAt: time.Now(), Receiver: "rapbot", Status: "firing"}
	d.GroupLabels = map[string]string{"alertname": "ReplicationLag", "region": fmt.Sprint(i % 50)}
	for a := range 20 {
		d.Alerts = append(d.Alerts, rapbot.Alert{
			Status: "firing", Labels: d.GroupLabels, Annotations: map[string]string{"summary": "us-west-2 is 4m behind us-east-1"},
			StartsAt: d.ReceivedAt, Fingerprint: fmt.Sprint(a),
		})
	}
	return d
}
