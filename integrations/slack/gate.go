package slack

import (
	"context"
	"errors"
	"sync"
	"time"

	sdk "github.com/slack-go/slack"
	"golang.org/x/time/rate"
)

const (
	// openEvery spaces the openings of all links. It also keeps links from
	// being opened together, and so from being refreshed together hours later.
	openEvery = 2 * time.Second
	// steady is how long a link must live to count as a good one. A link that
	// Slack closes right after its hello has not succeeded.
	steady = 10 * time.Second
	// openPause bounds the pause between openings that fail.
	openPause = 30 * time.Second
)

// gate is what every link passes before it opens: a limit on the pace of
// openings, and a breaker that lengthens the pause while links do not last.
// slack-go has neither: a server that disables the link after each hello gets
// thousands of openings a second from it.
type gate struct {
	limit *rate.Limiter

	mu     sync.Mutex
	failed int // links in a row that did not last
	until  time.Time
}

func newGate() *gate {
	return &gate{limit: rate.NewLimiter(rate.Every(openEvery), 1)}
}

// enter returns when a link may be opened, with an error when ctx ends first.
func (g *gate) enter(ctx context.Context) error {
	for {
		g.mu.Lock()
		wait := time.Until(g.until)
		g.mu.Unlock()
		if wait <= 0 {
			break
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
	}
	return g.limit.Wait(ctx)
}

// lost takes note of a link's end and returns the pause before the next
// opening. What Slack asks for with a 429 is kept to.
func (g *gate) lost(lived time.Duration, cause error) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if lived >= steady {
		g.failed, g.until = 0, time.Time{}
		return 0
	}
	pause := backoff(g.failed, 500*time.Millisecond, openPause)
	g.failed++
	var limited *sdk.RateLimitedError
	if errors.As(cause, &limited) {
		pause = max(pause, limited.RetryAfter)
	}
	g.until = time.Now().Add(pause)
	return pause
}

// lasted takes note of a link that has proven good.
func (g *gate) lasted() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failed, g.until = 0, time.Time{}
}
