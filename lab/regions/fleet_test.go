package regions

import (
	"context"
	"testing"
	"time"
)

// newFleet starts a fleet that ends with the test.
func newFleet(t *testing.T) *Fleet {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	f, err := Start(ctx, Options{Dir: t.TempDir(), Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		began := time.Now()
		if err := f.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		t.Logf("closed in %s", time.Since(began))
	})
	return f
}

func TestFleetStreams(t *testing.T) {
	f := newFleet(t)
	for _, r := range f.Status(t.Context()) {
		t.Logf("%+v", r)
	}
}
