package postgres

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot"
)

// follow waits for another replica to stream from the new primary (P10). Its
// primary_conninfo names every region, so it finds the new one by itself.
type follow struct {
	*Fleet
	nothingToUndo
}

func (d follow) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	return d.joined(ctx, run)
}

// Act lets the replica receive again, if a failover has frozen it, and has
// nothing else to do but to wait, as long as there is somebody to follow.
func (d follow) Act(ctx context.Context, run rapbot.StepRun) error {
	if err := d.newPrimaryStands(ctx, run); err != nil {
		return err
	}
	if run.Plan.Kind == rapbot.Failover {
		if err := d.unfreeze(ctx, run, run.Step.Region); err != nil {
			return err
		}
	}
	return d.lead(ctx, run)
}

// byItself is how long a replica may take to find the new primary by itself.
const byItself = 5 * time.Second

// lead leads a replica to the new primary that does not find it by itself: libpq
// goes on to the next host only from one that refuses, and a load balancer takes
// connections for a server that is gone. What is set stays, so this is only done
// where the region's release says the same afterwards and sets it anew at the
// next start.
func (d follow) lead(ctx context.Context, run rapbot.StepRun) error {
	name := run.Step.Region
	if !slices.ContainsFunc(run.Plan.Steps, func(s rapbot.Step) bool {
		return s.Kind == rapbot.StepPoint && s.Part == rapbot.Database && s.Region == name
	}) {
		return nil
	}
	waiting, cancel := context.WithTimeout(ctx, byItself)
	defer cancel()
	for {
		found, err := d.joined(ctx, run)
		if err != nil || found.Holds {
			return nil // Observe tells of both
		}
		if pause(waiting, lookAgain) != nil {
			break
		}
	}
	up, err := d.upstream(ctx, name, d.opt.Timeout)
	if err != nil || up.trouble != "" || ctx.Err() != nil {
		return err
	}
	host, port, err := d.replicationAddress(run.Plan.To)
	if err != nil {
		return err
	}
	return d.put(ctx, name, d.opt.Timeout, setConninfo(toward(up.conninfo, host, port)))
}

// lookAgain is the pause between two looks at whether a replica has found it.
const lookAgain = 200 * time.Millisecond

// joined reports whether the step's region replays the new primary's log. That
// it says "streaming" is no proof: a server whose log has run ahead says so
// for a moment, over and over. The new timeline and the new primary's first
// row are.
func (f *Fleet) joined(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	name := run.Step.Region
	timeline, err := newTimeline(run)
	if err != nil {
		return rapbot.Finding{}, err
	}
	s, err := f.ask(ctx, name, run.Operation)
	switch {
	case err != nil && name == run.Plan.From:
		return awaited("%s does not run yet: %s", name, what(err)) // and has to be started, so this is no trouble
	case err != nil:
		return rapbot.Finding{}, err
	case !s.Replica:
		return awaited("%s is a primary", name)
	case !s.Receiver.Streaming():
		return awaited("%s receives nothing; %s", name, f.sources(ctx, name))
	case s.Receiver.Timeline != timeline:
		return awaited("%s receives timeline %d from %s, awaited is %d", name, s.Receiver.Timeline, s.Receiver.Sender, timeline)
	case !s.marked(markPromoted):
		return awaited("%s streams from %s; the first row of %s is not there yet", name, s.Receiver.Sender, run.Plan.To)
	}
	return holds(nil, "%s replays timeline %d from %s", name, timeline, s.Receiver.Sender)
}

// sources says where a replica would get its log from. Only the hosts and
// ports of primary_conninfo leave the server: the rest may hold a password.
func (f *Fleet) sources(ctx context.Context, name string) string {
	var hosts, ports string
	err := f.on(ctx, name, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT coalesce(substring(c FROM '(?:^|\s)host\s*=\s*''?([^''\s]+)'), ''),
			coalesce(substring(c FROM '(?:^|\s)port\s*=\s*''?([^''\s]+)'), '')
			FROM current_setting('primary_conninfo') c`).Scan(&hosts, &ports)
	})
	switch {
	case err != nil:
		return "where its primary_conninfo leads cannot be read"
	case hosts == "":
		return "its primary_conninfo names no host"
	case ports == "":
		ports = "5432"
	}
	return fmt.Sprintf("its primary_conninfo leads to host %s, port %s, and must lead to the new primary too", hosts, ports)
}

// newPrimaryStands makes sure that there is somebody to follow.
func (f *Fleet) newPrimaryStands(ctx context.Context, run rapbot.StepRun) error {
	timeline, err := newTimeline(run)
	if err != nil {
		return err
	}
	to, err := f.ask(ctx, run.Plan.To, run.Operation)
	switch {
	case err != nil:
		return err
	case to.Replica || to.Timeline != timeline || !to.marked(markPromoted):
		return notNow("%s is not the primary of timeline %d.", run.Plan.To, timeline)
	}
	return nil
}

func newTimeline(run rapbot.StepRun) (uint32, error) {
	n, err := strconv.ParseUint(run.Evidence[rapbot.EvNewTimeline], 10, 32)
	if err != nil || n == 0 {
		return 0, notNow("There is no evidence that %s was promoted.", run.Plan.To)
	}
	return uint32(n), nil
}
