package play

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// mend makes the fleet whole again: what was broken is healed, machines start, and the rest is rapbot's work, by the commands that
// people would type. What is left then is the lab's, and told.
func (r *run) mend(ctx context.Context) error {
	defer r.forgetLostSlot(ctx)
	r.Fleet.HealAll()
	if open := r.open(ctx); open != nil {
		if r.seeThrough(ctx, open); r.open(ctx) != nil {
			return fmt.Errorf("operation %s does not end", open.ID)
		}
	}
	for range 4 {
		r.startAll(ctx)
		r.finishGivenUp(ctx)
		if r.awaitWhole(ctx, 4*time.Second) {
			return nil
		}
		r.byRapbot(ctx)
		if r.awaitWhole(ctx, 4*time.Second) {
			return nil
		}
	}
	return r.byHand(ctx)
}

// forgetLostSlot takes back what the lab sets to lose a slot, and cannot take back itself on a server that is killed meanwhile.
func (r *run) forgetLostSlot(ctx context.Context) {
	for _, server := range r.Fleet.Servers() {
		if err := execute(ctx, server, "ALTER SYSTEM RESET max_slot_wal_keep_size", "SELECT pg_reload_conf()"); err != nil {
			r.note("%s keeps what the lab has set: %v", server.Name, err)
		}
	}
}

// startAll starts what is down, and lets go on what stands still.
func (r *run) startAll(ctx context.Context) {
	r.keepAlive(ctx)
	for _, server := range r.Fleet.Servers() {
		_ = server.Thaw() // one that is not frozen is none the worse
		if state := server.State(); state == regions.Killed || state == regions.Stopped {
			r.start(server)
		}
	}
	for _, line := range r.Fleet.Status(ctx) {
		if line.Paused {
			r.resume(r.Fleet.Region(line.Name))
		}
	}
}

// finishGivenUp does what whoever pressed Stop Here must do by hand: rapbot has been told to leave it.
func (r *run) finishGivenUp(ctx context.Context) {
	ops, err := r.ledger.since(ctx, r.before)
	if err != nil || !slices.ContainsFunc(ops, func(o rapbot.Operation) bool { return o.GivenUp != nil }) {
		return
	}
	for _, server := range r.Fleet.Servers() {
		err := execute(ctx, server, "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()",
			"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active AND (pg_is_in_recovery() OR slot_name LIKE 'rapbot_frozen%')")
		r.note("%s finished by hand: %v", server.Name, err)
	}
}

func (r *run) awaitWhole(ctx context.Context, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return r.people.AwaitWhole(ctx) == nil
}

// byRapbot has rapbot bring back what does not follow, or promote when there is no primary.
func (r *run) byRapbot(ctx context.Context) {
	status := r.Fleet.Status(ctx)
	primary, timeline := "", 0
	for _, line := range status {
		if line.Role == "primary" && line.Timeline >= timeline {
			primary, timeline = line.Name, line.Timeline
		}
	}
	if primary == "" {
		for _, line := range status {
			if line.Role == "replica" {
				if o := r.operate(ctx, "failover "+line.Name+" --force"); o != nil {
					return
				}
			}
		}
		return
	}
	for _, line := range status {
		streams := line.Streaming != nil && *line.Streaming && line.Timeline == timeline
		if line.Name != primary && !streams {
			r.operate(ctx, "rejoin "+line.Name)
		}
	}
}

// byHand does what rapbot did not: it lets the primary write, and copies the others anew.
func (r *run) byHand(ctx context.Context) error {
	primary, err := r.Fleet.Primary(ctx)
	if err != nil {
		return fmt.Errorf("the fleet is beyond repair: %w", err)
	}
	if o, err := primary.Observe(ctx); err == nil && !o.Writable {
		r.mended = append(r.mended, primary.Name+" was read-only")
		if err := execute(ctx, primary, "ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"); err != nil {
			return err
		}
	}
	for _, line := range r.Fleet.Status(ctx) {
		if line.Name == primary.Name || line.Role == "replica" && line.Streaming != nil && *line.Streaming {
			continue
		}
		server := r.Fleet.Region(line.Name)
		r.mended = append(r.mended, fmt.Sprintf("%s did not follow: %+v", line.Name, line))
		if err := r.rebuild(ctx, server, primary); err != nil {
			return fmt.Errorf("the fleet is beyond repair: %w", err)
		}
	}
	if !r.awaitWhole(ctx, 20*time.Second) {
		return errors.New("the fleet is beyond repair: it is not whole after the lab's own repair")
	}
	return nil
}

func (r *run) rebuild(ctx context.Context, server, primary *regions.Server) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := server.Kill(); err != nil {
		return err
	}
	if err := execute(ctx, primary,
		"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '"+server.Slot+"' AND NOT active",
		"SELECT pg_create_physical_replication_slot('"+server.Slot+"', true) WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '"+server.Slot+"')",
	); err != nil {
		return err
	}
	if err := server.Rebuild(ctx, primary.Name, nil); err != nil {
		return err
	}
	return server.StartReplica(ctx)
}

// execute runs statements as a superuser, each by itself.
func execute(ctx context.Context, server *regions.Server, statements ...string) error {
	conn, err := pgx.Connect(ctx, server.DSN(regions.Admin))
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, words := range statements {
		if _, err := conn.Exec(ctx, words); err != nil {
			return fmt.Errorf("%s: %w", server.Name, err)
		}
	}
	return nil
}

// until looks again until something is so or patience ends.
func until(ctx context.Context, patience time.Duration, so func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return wait.Until(ctx, 50*time.Millisecond, so) == nil
}
