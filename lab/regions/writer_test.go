package regions

import (
	"slices"
	"testing"
	"time"
)

// A writer on any servers' address, which rests and goes on, and whose rows are looked up where the primary is.
func TestWriterOfItsOwn(t *testing.T) {
	f := newFleet(t, "us-east-1", "us-west-2")
	east, west := f.Region("us-east-1"), f.Region("us-west-2")
	w, err := NewWriter(f.MultiHostDSN(), Among(west.DSN(Admin), east.DSN(Admin)), WriterOptions{})
	must(t, err)
	t.Cleanup(w.Stop)
	eventually(t, "rows are acknowledged", func() bool { return w.Counters().Acknowledged >= 200 })
	w.Stop()
	first := w.Acks()
	moment := time.Now()
	if got := w.AcksSince(moment); len(got) > 0 {
		t.Errorf("acknowledged while the writer rests: %+v", got)
	}
	w.Resume()
	eventually(t, "it goes on", func() bool { return len(w.AcksSince(moment)) >= 200 })
	w.Stop()
	all := w.Acks()
	if since := w.AcksSince(moment); !slices.Equal(since, all[len(first):]) {
		t.Errorf("%d since, %d in all, %d before", len(since), len(all), len(first))
	}
	for _, ack := range all {
		if int(ack.Port) != east.Port {
			t.Fatalf("row %d was acknowledged at port %d, and the primary has %d", ack.ID, ack.Port, east.Port)
		}
	}
	expectNothingLost(t, w)
	if _, err := Among(west.DSN(Admin))(t.Context()); err == nil {
		t.Error("a primary among replicas")
	}
	if _, err := Among(east.DSN(Admin), east.DSN(Admin))(t.Context()); err == nil {
		t.Error("one of two primaries was picked")
	}
}
