package postgres

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// Fleet is all the regions. Open makes one, Run keeps its memory fresh.
type Fleet struct {
	regions []*region
	opt     Options
	log     *zap.Logger

	publishing sync.Mutex
	topology   atomic.Pointer[rapbot.Topology]
	notes      notebook
}

var _ rapbot.Fleet = (*Fleet)(nil)

// Topology answers from memory.
func (f *Fleet) Topology() rapbot.Topology { return *f.topology.Load() }

// Observe asks every region now, and waits for each until it answers or its
// time is over.
func (f *Fleet) Observe(ctx context.Context) rapbot.Topology {
	var all sync.WaitGroup
	for _, r := range f.regions {
		all.Go(func() { f.look(ctx, r, true) })
	}
	all.Wait()
	return f.publish()
}

// look asks one region and remembers what came of it. A thorough look asks
// for the grants too, however fresh the list is.
func (f *Fleet) look(asker context.Context, r *region, thorough bool) {
	wait := patience(asker, f.opt.Timeout)
	ctx, cancel := context.WithTimeout(asker, wait)
	defer cancel()
	began := f.opt.Clock.Now()
	s := rapbot.Sighting{Region: r.Name}
	err := r.link.do(ctx, func(conn *pgx.Conn) (err error) {
		if s.Server, err = describe(ctx, conn); err != nil {
			return err
		}
		s.Answered, s.At = true, f.opt.Clock.Now()
		s.Took = s.At.Sub(began)
		if thorough || r.memory.grantsDue(began) {
			f.lookAtGrants(ctx, r, conn, s.Server.Ability())
		}
		return nil
	})
	if errors.Is(asker.Err(), context.Canceled) && !s.Answered {
		return // nobody waited for the answer, so there is nothing to learn from its absence
	}
	if err != nil {
		s.Answered, s.At, s.Fault = false, f.opt.Clock.Now(), fault(err, wait)
		if refused(err) {
			s.RefusedSince = s.At
		}
	}
	s.Server.MissingGrants = r.memory.missingGrants()
	if before, kept := r.memory.keep(began, s); kept {
		f.tell(before, s)
	}
}

// lookAtGrants leaves the list as it was when it cannot be asked for: the
// server has described itself, and that counts as its answer.
func (f *Fleet) lookAtGrants(ctx context.Context, r *region, conn *pgx.Conn, able rapbot.Ability) {
	missing, err := missingGrants(ctx, conn, able)
	if err != nil {
		f.log.Warn("grants could not be checked", zap.String("region", r.Name), zap.String("err", fault(err, f.opt.Timeout)))
		return
	}
	r.memory.keepGrants(missing, f.opt.Clock.Now())
}

// tell logs what a person would want to find in an incident review: changes.
func (f *Fleet) tell(before, now rapbot.Sighting) {
	log := f.log.With(zap.String("region", now.Region))
	switch {
	case !now.Answered && (before.Answered || before.Fault != now.Fault):
		log.Warn("no answer", zap.String("err", now.Fault), zap.Time("last_answer", before.LastAnswer))
	case now.Answered && !before.Answered:
		log.Info("answers", zap.Bool("replica", now.Server.InRecovery), zap.Uint32("timeline", now.Server.Timeline))
	case now.Answered && before.Server.InRecovery != now.Server.InRecovery:
		log.Info("has another role", zap.Bool("replica", now.Server.InRecovery), zap.Uint32("timeline", now.Server.Timeline))
	}
}

// publish makes the topology of what is remembered now.
func (f *Fleet) publish() rapbot.Topology {
	f.publishing.Lock()
	defer f.publishing.Unlock()
	var sightings []rapbot.Sighting
	flowed := map[string]time.Time{}
	for _, r := range f.regions {
		s, at := r.memory.now()
		sightings = append(sightings, s)
		flowed[r.Name] = at
	}
	t := rapbot.Assess(sightings, f.opt.Clock.Now())
	f.correctLags(&t, flowed)
	f.topology.Store(&t)
	return t
}

// correctLags puts in what one answer of one server cannot show: that a
// receiver which calls itself streaming is unknown to the primary, and since
// when nothing arrives.
func (f *Fleet) correctLags(t *rapbot.Topology, flowed map[string]time.Time) {
	primary, one := t.Primary()
	for i := range t.Regions {
		r := &t.Regions[i]
		if r.Role != rapbot.Replica {
			continue
		}
		if one && r.Lag.Streaming && !feeds(primary.Server, f.region(r.Name).Slot) {
			r.Lag = rapbot.Lag{Since: r.Server.Heartbeat}
		}
		if at := flowed[r.Name]; !r.Lag.Streaming && at.After(r.Lag.Since) {
			r.Lag.Since = at
		}
	}
}

// feeds reports whether a primary knows of a stream to the owner of a slot.
func feeds(primary rapbot.Server, slot string) bool {
	for _, s := range primary.Standbys {
		if s.Name == slot || s.Name == "" { // no name: not allowed to see it
			return true
		}
	}
	for _, s := range primary.Slots {
		if s.Name == slot && s.Active {
			return true
		}
	}
	return false
}

func (f *Fleet) region(name string) *region {
	for _, r := range f.regions {
		if r.Name == name {
			return r
		}
	}
	return nil
}
