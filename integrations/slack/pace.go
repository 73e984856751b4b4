package slack

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// pace is how often one method may be called, a little below what Slack takes
// (https://docs.slack.dev/apis/web-api/rate-limits).
type pace struct {
	every time.Duration
	burst int
}

var paces = map[string]pace{
	"chat.postMessage":      {time.Second, 3}, // in each channel
	"chat.update":           {1250 * time.Millisecond, 10},
	"chat.postEphemeral":    {650 * time.Millisecond, 20},
	"views.open":            {650 * time.Millisecond, 20},
	"users.info":            {650 * time.Millisecond, 20},
	"usergroups.users.list": {3100 * time.Millisecond, 10},
	"conversations.history": {1250 * time.Millisecond, 10},
	"conversations.replies": {1250 * time.Millisecond, 10},

	"files.getUploadURLExternal":   {650 * time.Millisecond, 20},
	"files.completeUploadExternal": {650 * time.Millisecond, 20},
}

// keptTurns bounds the memory of channels.
const keptTurns = 1000

// pacer makes calls wait for their turn, by method and for posts by channel.
type pacer struct {
	mu    sync.Mutex
	turns map[string]*turn
}

type turn struct {
	limit *rate.Limiter
	until time.Time // what Slack's last 429 asked for
}

func newPacer() *pacer { return &pacer{turns: map[string]*turn{}} }

// wait returns when the call may be made, with an error when that would be
// after ctx has ended.
func (p *pacer) wait(ctx context.Context, method, channel string) error {
	t, until := p.turn(method, channel)
	if err := t.limit.Wait(ctx); err != nil {
		return context.DeadlineExceeded // the limiter says it in words of its own
	}
	return sleep(ctx, time.Until(until))
}

// room is how many calls would be made at once.
func (p *pacer) room(method, channel string) int {
	t, until := p.turn(method, channel)
	now := time.Now()
	if now.Before(until) {
		return 0
	}
	return max(0, int(t.limit.TokensAt(now)))
}

// hold makes the next call of the kind wait.
func (p *pacer) hold(method, channel string, d time.Duration) {
	t, _ := p.turn(method, channel)
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(d); until.After(t.until) {
		t.until = until
	}
}

func (p *pacer) turn(method, channel string) (*turn, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := method + " " + channel
	t := p.turns[key]
	if t == nil {
		p.forget()
		limit := rate.NewLimiter(rate.Inf, 1)
		if set, is := paces[method]; is {
			limit = rate.NewLimiter(rate.Every(set.every), set.burst)
		}
		t = &turn{limit: limit}
		p.turns[key] = t
	}
	return t, t.until
}

// forget drops the turns that hold nobody up.
func (p *pacer) forget() {
	if len(p.turns) < keptTurns {
		return
	}
	now := time.Now()
	for key, t := range p.turns {
		if t.limit.TokensAt(now) >= float64(t.limit.Burst()) && now.After(t.until) {
			delete(p.turns, key)
		}
	}
}

// sleep waits, or returns why it did not.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	if end, has := ctx.Deadline(); has && time.Until(end) < d {
		return context.DeadlineExceeded // waiting would be in vain
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backoff is how long to wait after the nth failure, from 0: doubling from
// least up to most, and less by chance so that not all come at once.
func backoff(n int, least, most time.Duration) time.Duration {
	d := most
	if n < 20 && least<<n < most {
		d = least << n
	}
	return d/2 + rand.N(d/2+1)
}
