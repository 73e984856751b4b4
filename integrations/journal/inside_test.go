package journal

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// What durability rests on is set on every connection that writes.
func TestSettings(t *testing.T) {
	t.Parallel()
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for db, settings := range map[*sql.DB]map[string]string{
		j.writer:  {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000", "wal_autocheckpoint": "1000"},
		j.sampler: {"journal_mode": "wal", "synchronous": "1", "foreign_keys": "1", "busy_timeout": "5000", "wal_autocheckpoint": "500"},
	} {
		for pragma, want := range settings {
			var got string
			if err := db.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %s (%v), want %s", pragma, got, err, want)
			}
		}
		if n := db.Stats().MaxOpenConnections; n != 1 {
			t.Errorf("%d connections write in turn, want one", n)
		}
	}
	if _, err := j.reader.ExecContext(t.Context(), "DELETE FROM seen_keys"); err == nil {
		t.Error("a reader writes")
	}
}

// What runs at every delivery and every round of samples looks at what it is after and at nothing else.
func TestPlans(t *testing.T) {
	t.Parallel()
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	for query, index := range map[string]string{
		pendingOldestFirst: "pending_deliveries",
		forgetAbsorbed:     "absorbed_deliveries",
		forgetKeys:         "seen_keys_by_time",
		unshownGroups:      "unshown_groups",
		unsettledGroups:    "unsettled_groups",
		onlyOpen:           "one_open_operation",
		forgetSamples:      "SEARCH samples USING PRIMARY KEY (at<?)",
		samplesInOrder:     "SEARCH samples USING PRIMARY KEY (at>? AND at<?)",
		unexplainedGroups:  "unexplained_groups",
	} {
		rows, err := j.writer.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			plan.WriteString(detail + "\n")
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan.String(), index) {
			t.Errorf("%s\ndoes not use %s:\n%s", query, index, plan.String())
		}
	}
}

// A write that has begun is carried through though its caller gives up.
func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	ctx, giveUp := context.WithCancel(t.Context())
	err = j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
		giveUp()
		_, err := tx.ExecContext(ctx, "INSERT INTO seen_keys (key, at) VALUES ('k', 0)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if first, err := j.FirstTime(t.Context(), "k", time.Unix(0, 0)); err != nil || first {
		t.Errorf("the write is not there: %t, %v", first, err)
	}
}

// A write that fails or panics leaves nothing, and the next one gets its turn.
func TestWriteThatFails(t *testing.T) {
	t.Parallel()
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, fail := range []func() error{
		func() error { return errors.New("no") },
		func() error { panic("no") },
	} {
		func() {
			defer func() { _ = recover() }()
			err := j.write(ctx, func(ctx context.Context, tx *sql.Tx) error {
				if _, err := tx.ExecContext(ctx, "INSERT INTO seen_keys (key, at) VALUES ('k', 0)"); err != nil {
					t.Error(err)
				}
				return fail()
			})
			if err == nil {
				t.Error("a write that failed was acknowledged")
			}
		}()
	}
	if first, err := j.FirstTime(ctx, "k", time.Unix(0, 0)); err != nil || !first {
		t.Errorf("after two writes that failed: %t, %v", first, err)
	}
}

// The lock has one holder at a time, though its file comes and goes.
func TestLockThatIsDiscarded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	var holders atomic.Int32
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 20 {
				l, err := waitLock(t.Context(), path)
				if err != nil {
					t.Error(err)
					return
				}
				if n := holders.Add(1); n != 1 {
					t.Errorf("%d hold the lock", n)
				}
				runtime.Gosched()
				holders.Add(-1)
				if err := l.discard(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// A program that is being started has every open file for a moment.
func TestLockIsGivenBackWhoeverHasItsFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	for _, back := range []func(*fileLock) error{(*fileLock).release, (*fileLock).discard} {
		l, err := tryLock(path)
		if err != nil {
			t.Fatal(err)
		}
		other, err := syscall.Dup(int(l.file.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		if err := back(l); err != nil {
			t.Error(err)
		}
		again, err := tryLock(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(again.release(), syscall.Close(other)); err != nil {
			t.Error(err)
		}
	}
}
