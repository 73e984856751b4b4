package alertmanager

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// TestAPlaceIsWaitedFor: groups that began together are sent together, and are
// all taken when there are places within a moment.
func TestAPlaceIsWaitedFor(t *testing.T) {
	t.Parallel()
	d := newDesk(t, func(context.Context, rapbot.Delivery) (bool, error) {
		time.Sleep(20 * time.Millisecond)
		return true, nil
	})
	var all sync.WaitGroup
	for range 3 * maxInFlight {
		all.Go(func() {
			if w := d.answer(call(recorded)); w.Code != http.StatusOK {
				t.Errorf("answered %d: %s", w.Code, w.Body)
			}
		})
	}
	all.Wait()
}
