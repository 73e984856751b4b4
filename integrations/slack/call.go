package slack

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	sdk "github.com/slack-go/slack"
	"go.uber.org/zap"
)

// risk says what doing a call twice would do.
type risk int

const (
	repeatable risk = iota // no harm
	once                   // be seen by people
)

const (
	attempts = 5                // bounds how often one call is made
	slowest  = 10 * time.Second // bounds the wait between two of them
)

// doubtful is the failure of a call that may have taken effect.
type doubtful struct{ error }

func (d doubtful) Unwrap() error { return d.error }

// fate is what a failed call came to.
type fate int

const (
	declined fate = iota // Slack understood it and said no
	limited              // Slack did not look at it: too many
	unsent               // it never reached Slack
	unknown              // there was no answer, or none that says
)

// call makes one call of the Web API: in its turn, with a deadline, and again
// where that helps and does no harm. The caller's context bounds it as a
// whole, and so does the adapter's budget.
func (a *Adapter) call(ctx context.Context, method, channel string, r risk, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, a.budget())
	defer cancel()
	var last error
	for n := range attempts {
		if err := a.pacer.wait(ctx, method, channel); err != nil {
			return either(last, err)
		}
		err := a.attempt(ctx, do)
		if err == nil {
			return nil
		}
		last = err
		fate, wait := judge(err)
		switch {
		case fate == declined:
			return err
		case fate == unknown && r == once:
			return doubtful{err}
		case wait == 0:
			wait = backoff(n, a.cfg.Backoff, slowest)
		}
		a.log.Warn("call failed, will retry", zap.String("method", method), zap.Duration("wait", wait), zap.Error(scrub(err)))
		if fate == limited {
			a.counts.limited.Add(1)
			a.pacer.hold(method, channel, wait)
			continue
		}
		if err := sleep(ctx, wait); err != nil {
			return last
		}
	}
	return last
}

func (a *Adapter) attempt(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, a.cfg.Timeout)
	defer cancel()
	return do(ctx)
}

// budget bounds a call with all its waits and repetitions.
func (a *Adapter) budget() time.Duration { return 4 * a.cfg.Timeout }

// judge says what became of a failed call, and how long Slack asked to wait,
// 0 when it did not say.
func judge(err error) (fate, time.Duration) {
	var tooMany *sdk.RateLimitedError
	var status sdk.StatusCodeError
	var network *net.OpError
	switch {
	case errors.As(err, &tooMany):
		return limited, max(tooMany.RetryAfter, 100*time.Millisecond)
	case errors.As(err, &status) && status.Code == http.StatusTooManyRequests:
		return limited, 0 // without the header that says how long
	case errors.As(err, &status) && status.Code < 500:
		return declined, 0
	case errors.As(err, &network) && network.Op == "dial":
		return unsent, 0
	}
	switch refusal(err) {
	case "":
		return unknown, 0
	case "ratelimited", "rate_limited":
		return limited, 0
	case "internal_error", "fatal_error", "service_unavailable", "request_timeout":
		return unknown, 0 // Slack: some aspect of the operation may have succeeded
	}
	return declined, 0
}

func either(a, b error) error {
	if a != nil {
		return a
	}
	return b
}
