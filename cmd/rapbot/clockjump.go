//go:build crashpoints

package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot/bot"
)

// machineClock is the time that rapbot goes by. RAPBOT_CLOCK_JUMP="2s -3m" moves it once, that long after the start and by
// that much, as a machine does whose clock is set. Waiting takes as long as it does. Only builds for tests have it, because
// no library outside can move the clock of a program that asks the kernel itself, as Go's do.
func machineClock() bot.Clock {
	after, by, ok := strings.Cut(os.Getenv("RAPBOT_CLOCK_JUMP"), " ")
	if !ok {
		return realClock{}
	}
	wait, err := time.ParseDuration(after)
	if err != nil {
		return realClock{}
	}
	amount, err := time.ParseDuration(by)
	if err != nil {
		return realClock{}
	}
	return jumpingClock{at: started.Add(wait), by: amount}
}

var started = time.Now()

type jumpingClock struct {
	at time.Time
	by time.Duration
}

func (c jumpingClock) Now() time.Time {
	now := time.Now()
	if now.Before(c.at) {
		return now
	}
	return now.Add(c.by)
}

func (c jumpingClock) Sleep(ctx context.Context, d time.Duration) error {
	return realClock{}.Sleep(ctx, d)
}
