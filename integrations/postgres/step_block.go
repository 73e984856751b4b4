package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot"
)

// block opens the write window (P4): new sessions are read-only and those that
// could write are ended.
//
// It steers well-behaved clients away and lets the log come to rest. It is not
// what keeps two primaries apart: a session may ask for READ WRITE. Only the
// stop does that (R4).
type block struct{ *Fleet }

// glance is the pause between two looks at something that is about to change.
const glance = 2 * time.Millisecond

func (d block) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	name, known := run.Plan.From, d.notes.read(run.Operation)
	s, err := d.sessions(ctx, name, false, known.readOnlySince)
	switch {
	case err != nil:
		return rapbot.Finding{}, err
	case !s.readOnly:
		return awaited("%s still accepts writes", name)
	case s.writers > 0:
		return awaited("sessions that can write on %s: %d", name, s.writers)
	}
	if !known.proven {
		on, err := d.newSessionsAreReadOnly(ctx, name)
		if err != nil {
			return rapbot.Finding{}, err
		}
		if !on {
			return awaited("new sessions on %s can still write", name)
		}
	}
	stopped := known.writesStopped
	if stopped.IsZero() {
		// After a crash: the window began no later than the setting, and a
		// pause told too long is better than one told too short.
		stopped = d.opt.Clock.Now().Add(-s.age)
	}
	detail := "no session is left that could write"
	if len(s.supers) > 0 {
		detail += ", but those of superusers, which only the stop ends: " + strings.Join(s.supers, ", ")
	}
	return holds(map[string]string{rapbot.EvWritesStopped: stamp(stopped)}, "%s", detail)
}

func (d block) Act(ctx context.Context, run rapbot.StepRun) error {
	name := run.Plan.From
	from, to, err := d.askBoth(ctx, name, run.Plan.To, run.Operation)
	switch {
	case err != nil:
		return err
	case from.Replica:
		return notNow("%s is not the primary.", name)
	case !to.Replica || !to.Receiver.Streaming():
		return notNow("%s receives nothing from %s, so blocking writers there would lead nowhere.", run.Plan.To, name)
	}
	if err := d.alter(ctx, name, "ALTER SYSTEM SET default_transaction_read_only = on"); err != nil {
		return err
	}
	var since, stopped time.Time
	proof, proving := errgroup.WithContext(ctx)
	for {
		asked := d.opt.Clock.Now()
		s, err := d.sessions(ctx, name, true, since)
		if err != nil {
			return errors.Join(err, proof.Wait())
		}
		if s.readOnly && since.IsZero() {
			since = s.since
			// The server has read its file before it tells its sessions to. So
			// from here on new ones are read-only; one that says so is the proof.
			proof.Go(func() error { return d.prove(proving, name) })
		}
		if s.ended > 0 || stopped.IsZero() {
			stopped = asked
		}
		if s.readOnly && s.writers == 0 {
			break
		}
		if err := pause(ctx, glance); err != nil {
			_ = proof.Wait() // it ends with ctx
			return unavailable("Sessions that can write on %s do not end: %d are left.", name, s.writers)
		}
	}
	if err := proof.Wait(); err != nil {
		return err
	}
	d.notes.write(run.Operation, func(n *note) { n.readOnlySince, n.writesStopped, n.proven = since, stopped, true })
	return nil
}

func (d block) prove(ctx context.Context, name string) error {
	on, err := d.newSessionsAreReadOnly(ctx, name)
	if err == nil && !on {
		err = unavailable("New sessions on %s can still write.", name)
	}
	return err
}

// Undo lets the primary accept writes again and proves it with one.
func (d block) Undo(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	name := run.Plan.From
	d.notes.write(run.Operation, func(n *note) { *n = note{} })
	from, err := d.ask(ctx, name, run.Operation)
	switch {
	case err != nil:
		return rapbot.Finding{}, err
	case from.Replica:
		return rapbot.Finding{}, notNow("%s is not a primary any more.", name)
	}
	if other := d.anotherPrimary(ctx, name); other != "" {
		// R4: a second primary is no reason to invite writers to the first.
		return rapbot.Finding{}, notNow("%s is a primary, so writers stay blocked on %s.", other, name)
	}
	if err := d.acceptWrites(ctx, name); err != nil {
		return rapbot.Finding{}, err
	}
	for {
		err := d.writes(ctx, name)
		if err == nil {
			return holds(nil, "%s accepts writes", name)
		}
		if pause(ctx, glance) != nil {
			return rapbot.Finding{}, err
		}
	}
}

// writes proves by a write that a new session may write, as the application
// would: without asking for more.
func (d block) writes(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, d.opt.Timeout)
	defer cancel()
	return d.silent(name, d.region(name).link.fresh(ctx, beatOn(ctx)), d.opt.Timeout)
}
