package bot

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// shortWait is how long a step may wait without saying for what: most of what
// is awaited is there before anybody could read of it.
const shortWait = time.Second

// waitOf records what a step waits for, so that its card can say so: only when
// the wait is no short one and there is something new to say, and as often as
// a card may be edited. What cannot be recorded is left out, as progress is.
func (b *Bot) waitOf(ctx context.Context, id string, step int) func(trouble error) {
	began, last, said := b.opt.Clock.Now(), time.Time{}, ""
	return func(trouble error) {
		text := strings.TrimSuffix(trouble.Error(), ".")
		if e := (*rapbot.Error)(nil); errors.As(trouble, &e) {
			text = strings.TrimSuffix(e.What, ".")
		}
		now := b.opt.Clock.Now()
		if text == said || now.Sub(began) < shortWait || now.Sub(last) < progressEvery {
			return
		}
		last, said = now, text
		if _, err := b.book.record(ctx, id, rapbot.Record{Kind: rapbot.RecProgress, Step: step, Text: text}); err != nil {
			b.log.Debug("what is awaited", zap.Error(err))
		}
	}
}

// progressEvery is how often the progress of a long act is recorded at first:
// as often as a card may be edited. The longer it takes the rarer, so that an
// act of hours leaves some hundred records.
const progressEvery = 3 * time.Second

// progressOf records how far a step has come. What cannot be recorded is
// left out: the next figure is on its way.
func (b *Bot) progressOf(ctx context.Context, id string, step int, pods bool) func(done, total int64) {
	began := b.opt.Clock.Now()
	last := began
	return func(done, total int64) {
		if now := b.opt.Clock.Now(); now.Sub(last) >= max(progressEvery, last.Sub(began)/20) {
			last = now
			_, err := b.book.record(ctx, id, rapbot.Record{Kind: rapbot.RecProgress, Step: step, Progress: &rapbot.Progress{Done: done, Total: total, Pods: pods}})
			if err != nil {
				b.log.Debug("progress", zap.Error(err))
			}
		}
	}
}
