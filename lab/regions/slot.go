package regions

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot/lab/wait"

	"github.com/jackc/pgx/v5"
)

// To lose a slot, the primary is allowed this much WAL for absent replicas, in megabytes, and this much is burned.
const (
	keptForSlots = 64
	burnedPast   = 160
)

// LoseSlot has the present primary give this server's replication slot up, as happens to a replica that stayed away for too long: pg_replication_slots says
// wal_status = lost, the WAL behind it is gone, and the replica cannot stream again without a new base backup or another source for that WAL.
//
// It does what real life does, only faster. The replica's receiver is frozen, so that its slot stays where it is; max_slot_wal_keep_size is lowered on the primary;
// a burst of WAL goes past the slot; and a checkpoint gives it up and removes the WAL. Then the setting is taken back. The receiver is let go, also one that was
// frozen before. It refuses when another replica would lose its slot too.
func (s *Server) LoseSlot(ctx context.Context) error {
	primary, err := s.fleet.Primary(ctx)
	if err != nil {
		return fmt.Errorf("lose the slot of %s: %w", s.Name, err)
	}
	if primary == s {
		return fmt.Errorf("lose the slot of %s: it is the primary and uses none: %w", s.Name, ErrWrongRole)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, primary.DSN(Admin))
	if err != nil {
		return fmt.Errorf("lose the slot of %s: %w", s.Name, err)
	}
	defer closeNow(conn)
	watch, err := pgx.Connect(ctx, primary.DSN(Admin))
	if err != nil {
		return fmt.Errorf("lose the slot of %s: %w", s.Name, err)
	}
	defer closeNow(watch)
	if err := s.loseSlotOn(ctx, conn, watch); err != nil {
		return fmt.Errorf("lose the slot of %s on %s: %w", s.Name, primary.Name, err)
	}
	s.fleet.log("%s: its slot on %s is lost", s.Name, primary.Name)
	return nil
}

func (s *Server) loseSlotOn(ctx context.Context, primary, watch *pgx.Conn) (err error) {
	if err := s.othersKeepUp(ctx, primary); err != nil {
		return err
	}
	if err := setKeptWAL(ctx, primary, fmt.Sprintf("SET max_slot_wal_keep_size = '%dMB'", keptForSlots)); err != nil {
		return err
	}
	defer func() {
		// Also when the caller gave up, else the next burst would cost other replicas their slots.
		undo, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = errors.Join(err, s.Thaw(), setKeptWAL(undo, watch, "RESET max_slot_wal_keep_size"))
	}()
	for {
		// A receiver that was not there, or ended meanwhile, may have come back and be a new process.
		if err := s.Freeze(); err != nil && !errors.Is(err, ErrWrongRole) {
			return err
		}
		if err := burn(ctx, primary, burnedPast); err != nil {
			return err
		}
		if err := s.othersKeepUp(ctx, primary); err != nil {
			return err
		}
		if err := s.checkpointPast(ctx, primary, watch); err != nil {
			return err
		}
		var status string
		err := primary.QueryRow(ctx, "SELECT coalesce(wal_status, '') FROM pg_replication_slots WHERE slot_name = $1", s.Slot).Scan(&status)
		if errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("there is no slot %s: %w", s.Slot, ErrWrongRole)
		}
		if err != nil || status == "lost" {
			return err
		}
	}
}

// checkpointPast makes the checkpoint that gives the slot up. It first ends the slot's sender and waits for that; but the sender cannot end while it has
// a last word for a receiver that does not read. So the receiver is let go when it has come to that, too late to move the slot.
func (s *Server) checkpointPast(ctx context.Context, primary, watch *pgx.Conn) error {
	checkpoint := make(chan error, 1)
	go func() {
		_, err := primary.Exec(ctx, "CHECKPOINT")
		checkpoint <- err
	}()
	tick := time.NewTicker(20 * glance)
	defer tick.Stop()
	for {
		select {
		case err := <-checkpoint:
			return err
		case <-tick.C:
		}
		var waits bool
		err := watch.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE backend_type = 'checkpointer' AND wait_event = 'ReplicationSlotDrop')").Scan(&waits)
		if err == nil && waits {
			err = s.Thaw()
		}
		if err != nil {
			return errors.Join(err, <-checkpoint)
		}
	}
}

// othersKeepUp waits until no other slot would be given up by a checkpoint now.
func (s *Server) othersKeepUp(ctx context.Context, primary *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	var behind []string
	err := wait.Until(ctx, 20*glance, func() bool {
		rows, err := primary.Query(ctx, `SELECT slot_name::text FROM pg_replication_slots
			WHERE slot_name <> $1 AND pg_current_wal_lsn() - restart_lsn > $2 ORDER BY 1`, s.Slot, keptForSlots/2<<20)
		if err != nil {
			return false
		}
		behind, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err == nil && len(behind) == 0
	})
	if err != nil {
		return fmt.Errorf("the slots %v are too far behind and would be lost too: %w", behind, ErrWrongRole)
	}
	return nil
}

// setKeptWAL changes the setting for the whole server. The checkpointer reads it before it begins a checkpoint asked for later.
func setKeptWAL(ctx context.Context, primary *pgx.Conn, change string) error {
	for _, words := range []string{"ALTER SYSTEM " + change, "SELECT pg_reload_conf()"} {
		if _, err := primary.Exec(ctx, words); err != nil {
			return err
		}
	}
	return nil
}
