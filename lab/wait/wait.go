// Package wait waits for what nobody announces.
package wait

import (
	"context"
	"time"
)

// Until looks again and again until what it looks for is so, or until ctx ends.
func Until(ctx context.Context, pause time.Duration, so func() bool) error {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
