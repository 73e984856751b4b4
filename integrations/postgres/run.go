package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// Run looks at all regions at every tick until ctx ends, and writes the
// heartbeat. Ticks are aligned with the clock, so that several rapbots look
// at the same moments.
func (f *Fleet) Run(ctx context.Context) error {
	var late sync.WaitGroup
	defer late.Wait()
	busy := make([]chan struct{}, len(f.regions)) // one place for each look under way
	for i := range busy {
		busy[i] = make(chan struct{}, 1)
	}
	for {
		f.round(ctx, busy, &late)
		now := f.opt.Clock.Now()
		next := now.Truncate(f.opt.Every).Add(f.opt.Every)
		if err := f.opt.Clock.Sleep(ctx, next.Sub(now)); err != nil {
			return ctx.Err()
		}
	}
}

// round looks at every region once, and waits for those that answered last
// time. A dark region is looked at too, for as long as it takes, but nobody
// waits for it: the others' figures must not grow old because of it (R9).
func (f *Fleet) round(ctx context.Context, busy []chan struct{}, late *sync.WaitGroup) {
	var expected sync.WaitGroup
	for i, r := range f.regions {
		select {
		case busy[i] <- struct{}{}:
		default:
			continue // the look before this one still waits
		}
		dark := r.memory.dark()
		look := func() {
			f.look(ctx, r, false)
			<-busy[i]
			if dark {
				f.publish()
			}
		}
		if dark {
			late.Go(look)
		} else {
			expected.Go(look)
		}
	}
	expected.Wait()
	t := f.publish()
	f.beat(ctx, t)
	for _, r := range f.regions {
		if !r.memory.dark() {
			late.Go(func() { f.keepWarm(ctx, r) })
		}
	}
}

// beat touches the heartbeat row on the one primary. The age of the newest row
// on a replica is its lag in time, also while the application is silent.
//
// It writes as anybody would and is turned away while writers are blocked:
// nothing of rapbot's may move the end of the log that a proof rests upon.
func (f *Fleet) beat(ctx context.Context, t rapbot.Topology) {
	primary, one := t.Primary()
	if !one || primary.Server.ReadOnly {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, f.opt.Timeout)
	defer cancel()
	if err := f.region(primary.Name).link.do(ctx, beatOn(ctx)); err != nil {
		f.log.Debug("no heartbeat", zap.String("region", primary.Name), zap.String("err", fault(err, f.opt.Timeout)))
	}
}

// beatOn writes the row. It fails where an ordinary session may not write.
func beatOn(ctx context.Context) func(*pgx.Conn) error {
	return func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, `INSERT INTO rapbot.heartbeat (id, at) VALUES (1, clock_timestamp())
			ON CONFLICT (id) DO UPDATE SET at = excluded.at`)
		return err
	}
}

func (f *Fleet) keepWarm(ctx context.Context, r *region) {
	ctx, cancel := context.WithTimeout(ctx, f.opt.Timeout)
	defer cancel()
	if err := r.link.warm(ctx); err != nil {
		f.log.Debug("no spare connection", zap.String("region", r.Name), zap.String("err", fault(err, f.opt.Timeout)))
	}
}

// pause waits between two questions of a loop that watches a server change.
func pause(ctx context.Context, d time.Duration) error {
	return systemClock{}.Sleep(ctx, d)
}
