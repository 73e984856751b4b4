package bot

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// How often a write is tried during a drill, and how many tries are kept: an
// hour of them. Before the first leg begins only the last half minute counts.
const (
	tryEvery   = 50 * time.Millisecond
	triesKept  = 72_000
	leadIn     = 30 * time.Second
	noticeTime = time.Second // how soon a drill is noticed
)

// tries are the writes tried during the drill that runs. They are kept in
// memory only: after a restart the picture begins anew.
type tries struct {
	mu   sync.Mutex
	list []rapbot.WriteTry
}

func (t *tries) add(try rapbot.WriteTry, waiting bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = append(t.list, try)
	if waiting {
		t.list = slices.DeleteFunc(t.list, func(old rapbot.WriteTry) bool { return old.At.Before(try.At.Add(-leadIn)) })
	}
	if len(t.list) > triesKept {
		t.list = slices.Clone(t.list[len(t.list)-triesKept:])
	}
}

func (t *tries) all() []rapbot.WriteTry {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.list)
}

func (t *tries) forget() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.list = nil
}

// tryWrites tries writes for as long as a drill goes on, until ctx ends.
func (b *Bot) tryWrites(ctx context.Context) error {
	for {
		pause := noticeTime
		if drilling, begun := b.drilling(); drilling && b.opt.TryWrite != nil {
			b.tries.add(b.opt.TryWrite(ctx), !begun)
			pause = tryEvery
		}
		if err := b.opt.Clock.Sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// drilling reports whether a leg of a drill is open, and whether one has begun.
func (b *Bot) drilling() (open, begun bool) {
	for _, o := range b.book.all() {
		if o.Plan.Drill.Is && !o.State.Final() {
			open, begun = true, begun || o.Started() || o.Plan.Drill.Of != ""
		}
	}
	return open, begun
}
