package alertmanager

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// TestAPlaceIsWaitedFor: groups that began together are sent together, and one
// call more than there are places is taken when one is given back in a moment.
func TestAPlaceIsWaitedFor(t *testing.T) {
	t.Parallel()
	var entered, all sync.WaitGroup
	entered.Add(maxInFlight)
	release := make(chan struct{})
	h, err := NewHandler(Options{Insecure: true, Inbox: inboxFunc(func(_ context.Context, d rapbot.Delivery) (bool, error) {
		select {
		case <-release:
		default:
			entered.Done()
			<-release
		}
		return true, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	answer := func() {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, call(recorded))
		if w.Code != http.StatusOK {
			t.Errorf("answered %d: %s", w.Code, w.Body)
		}
	}
	for range maxInFlight {
		all.Go(answer)
	}
	entered.Wait()
	all.Go(func() {
		time.AfterFunc(10*time.Millisecond, func() { close(release) })
		answer()
	})
	all.Wait()
}
