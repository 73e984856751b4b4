package play

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot/lab/chaos/judge"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// settleTime is how long the end of a run may take to look as it should.
const settleTime = 10 * time.Second

// inspect looks at every region until all is as declared, or patience ends.
func (r *run) inspect(ctx context.Context) []judge.Standing {
	fresh, wrote := r.freshRow(ctx)
	var fleet []judge.Standing
	until(ctx, settleTime, func() bool {
		fleet = nil
		for _, line := range r.Fleet.Status(ctx) {
			s := judge.Standing{Region: line.Name, Role: line.Role, Timeline: line.Timeline, Streaming: line.Streaming != nil && *line.Streaming}
			if err := r.inspectOne(ctx, &s, fresh); err != nil {
				s.Silence = err.Error()
			}
			s.Fresh = s.Fresh && wrote
			fleet = append(fleet, s)
		}
		return judge.Settled(fleet)
	})
	return fleet
}

// freshRow waits for a row that the application writes from now on.
func (r *run) freshRow(ctx context.Context) (id int64, wrote bool) {
	began := time.Now()
	wrote = until(ctx, settleTime, func() bool {
		rows := r.Writer.AcksSince(began)
		if len(rows) == 0 {
			return false
		}
		id = rows[0].ID
		return true
	})
	return id, wrote
}

func (r *run) inspectOne(ctx context.Context, s *judge.Standing, fresh int64) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	server := r.Fleet.Region(s.Region)
	conn, err := pgx.Connect(ctx, server.DSN(regions.Admin))
	if err != nil {
		return errors.New("no connection as a superuser")
	}
	defer conn.Close(context.WithoutCancel(ctx))
	if err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM writes WHERE id = $1)", fresh).Scan(&s.Fresh); err != nil {
		return err
	}
	if s.Altered, err = altered(ctx, conn, server); err != nil {
		return err
	}
	rows, err := conn.Query(ctx, "SELECT slot_name::text FROM pg_replication_slots")
	if err != nil {
		return err
	}
	if s.Slots, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return err
	}
	slices.Sort(s.Slots)
	if s.Role == "primary" {
		for _, other := range r.Fleet.Servers() {
			if other != server {
				s.Expected = append(s.Expected, other.Slot)
			}
		}
		slices.Sort(s.Expected)
	}
	return nil
}

// altered lists the settings that are not as server.conf declares them, and all that ALTER SYSTEM has left behind.
func altered(ctx context.Context, conn *pgx.Conn, server *regions.Server) (map[string]string, error) {
	rows, err := conn.Query(ctx, `SELECT name, setting FROM pg_settings
		WHERE sourcefile LIKE '%/postgresql.auto.conf'
		   OR name = 'default_transaction_read_only' AND setting <> 'off'
		   OR name = 'synchronous_standby_names' AND setting <> ''
		   OR name = 'primary_slot_name' AND setting <> $1
		   OR name = 'primary_conninfo' AND setting <> $2`, server.Slot, server.Upstream())
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	var name, value string
	if _, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error { all[name] = value; return nil }); err != nil {
		return nil, err
	}
	rows, err = conn.Query(ctx, "SELECT name, coalesce(setting, '') FROM pg_file_settings WHERE sourcefile LIKE '%/postgresql.auto.conf'")
	if err != nil {
		return nil, err
	}
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error { all[name+" in postgresql.auto.conf"] = value; return nil })
	return all, err
}

// missing lists the acknowledged rows that the primary lacks and that no earlier run is known to have lost. It looks at those of this run
// and of the minutes before it.
func (r *run) missing(ctx context.Context, since time.Time) ([]regions.Ack, error) {
	rows := r.Writer.AcksSince(since)
	primary, err := r.Fleet.Primary(ctx)
	if err != nil {
		return nil, err
	}
	return r.lacks(ctx, primary, rows)
}

// lacks lists those of some rows that a server does not have.
func (s *Stage) lacks(ctx context.Context, server *regions.Server, rows []regions.Ack) ([]regions.Ack, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	conn, err := pgx.Connect(ctx, server.DSN(regions.App))
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	lowest := rows[0].ID
	for _, row := range rows {
		lowest = min(lowest, row.ID)
	}
	found, err := conn.Query(ctx, "SELECT id FROM writes WHERE id >= $1", lowest)
	if err != nil {
		return nil, err
	}
	present := map[int64]bool{}
	var id int64
	if _, err := pgx.ForEachRow(found, []any{&id}, func() error { present[id] = true; return nil }); err != nil {
		return nil, err
	}
	var missing []regions.Ack
	for _, row := range rows {
		if !present[row.ID] && !s.lost[row.ID] {
			missing = append(missing, row)
		}
	}
	return missing, nil
}

// history gathers what was seen of the run.
func (r *run) history(ctx context.Context) judge.History {
	h := judge.History{Began: r.began, Ports: r.ports, Skewed: r.skewed}
	h.Fleet = r.inspect(ctx)
	missing, err := r.missing(ctx, r.began.Add(-2*time.Minute))
	if err != nil {
		r.note("the rows could not be looked up: %v", err)
		h.Fleet = append(h.Fleet, judge.Standing{Region: "the primary", Silence: fmt.Sprintf("its rows cannot be read: %v", err)})
	}
	h.Missing = missing
	for _, row := range missing {
		r.lost[row.ID] = true
	}
	if h.Operations, err = r.ledger.since(ctx, r.before); err != nil {
		r.note("%v", err)
	}
	h.Ended = time.Now()
	h.Acked = r.Writer.AcksSince(r.began)
	h.Samples = r.probe.SamplesSince(r.began)
	h.Blows, h.Losses, h.Refusals, h.Mended = r.blows, r.losses, r.refusals, r.mended
	h.Secrets = r.exposed()
	return h
}

// finalCheck lists the rows that are missing at the end: every row that was ever acknowledged in this world is looked up once more.
func (s *Stage) finalCheck(ctx context.Context) ([]regions.Ack, error) {
	s.Writer.Stop()
	primary, err := s.Fleet.Primary(ctx)
	if err != nil {
		return nil, err
	}
	return s.lacks(ctx, primary, s.Writer.Acks())
}

// Final looks every acknowledged row of this world up once more, and says what is missing. The writer ends.
func (s *Stage) Final(ctx context.Context) []judge.Breach {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	missing, err := s.finalCheck(ctx)
	var all []judge.Breach
	switch {
	case err != nil:
		all = append(all, judge.Breach{Invariant: "I3", What: "at the end of a world its rows could not be looked up: " + err.Error()})
	case len(missing) > 0:
		all = append(all, judge.Breach{Invariant: "I3", What: fmt.Sprintf("at the end of a world %d rows are missing that no run lost; first %d", len(missing), missing[0].ID)})
	}
	if two := s.probe.TwoWritable(); len(two) > 0 {
		s.note("over the whole world the probe has %d proofs of two primaries, first %+v", len(two), two[0])
	}
	return all
}
