package journal

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func openShared(t *testing.T) *Journal {
	t.Helper()
	j, err := Open(t.Context(), filepath.Join(t.TempDir(), "journal.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j
}

// put writes a key, and fails after that when it is told to.
func put(key string, fail error) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO seen_keys (key, at) VALUES (?, 1)", key)
		return errors.Join(err, fail)
	}
}

// crowd holds the writer until n writes wait behind it, and so share a commit.
func crowd(t *testing.T, j *Journal, n int, write func(i int)) {
	t.Helper()
	turn, err := j.writer.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() { _ = j.inbox.write(t.Context(), put("first", nil)) })
	for j.inbox.crowded() != 0 {
		time.Sleep(time.Millisecond)
	}
	for i := range n {
		all.Go(func() { write(i) })
	}
	for j.inbox.crowded() < n {
		time.Sleep(time.Millisecond)
	}
	if err := turn.Close(); err != nil {
		t.Fatal(err)
	}
	all.Wait()
}

// Of writes that share a commit, one that fails leaves nothing behind and
// takes nobody along.
func TestSharedCommitsAreSeparate(t *testing.T) {
	t.Parallel()
	j := openShared(t)
	odd := errors.New("odd")
	crowd(t, j, 10, func(i int) {
		var want error
		if i%2 == 1 {
			want = odd
		}
		if err := j.inbox.write(t.Context(), put(fmt.Sprint(i), want)); !errors.Is(err, want) {
			t.Errorf("write %d: %v, want %v", i, err, want)
		}
	})
	var keys string
	err := j.reader.QueryRowContext(t.Context(), "SELECT group_concat(key, ' ') FROM (SELECT key FROM seen_keys ORDER BY key)").Scan(&keys)
	if err != nil || keys != "0 2 4 6 8 first" {
		t.Errorf("there is %q (%v)", keys, err)
	}
}

// Those who wait share one commit: ten writes are two transactions here.
func TestSharedCommitsAreShared(t *testing.T) {
	t.Parallel()
	j := openShared(t)
	var mu sync.Mutex
	transactions := map[*sql.Tx]int{}
	crowd(t, j, 10, func(i int) {
		err := j.inbox.write(t.Context(), func(ctx context.Context, tx *sql.Tx) error {
			mu.Lock()
			defer mu.Unlock()
			transactions[tx]++
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	if len(transactions) != 1 {
		t.Errorf("ten writes that waited took %d transactions", len(transactions))
	}
}

// Who gives up waiting has written nothing.
func TestSharedCommitGivenUp(t *testing.T) {
	t.Parallel()
	j := openShared(t)
	turn, err := j.writer.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var first sync.WaitGroup
	first.Go(func() { _ = j.inbox.write(t.Context(), put("first", nil)) })
	for j.inbox.crowded() != 0 {
		time.Sleep(time.Millisecond)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := j.inbox.write(gone, put("hasty", nil)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := turn.Close(); err != nil {
		t.Fatal(err)
	}
	first.Wait()
	if err := j.inbox.write(t.Context(), put("patient", nil)); err != nil {
		t.Error(err)
	}
	var n int
	if err := j.reader.QueryRowContext(t.Context(), "SELECT count(*) FROM seen_keys WHERE key = 'hasty'").Scan(&n); err != nil || n != 0 {
		t.Errorf("%d rows of who gave up (%v)", n, err)
	}
}

// crowded is how many wait behind the one that commits, -1 when nobody does.
func (s *sharedCommits) crowded() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.busy {
		return -1
	}
	return len(s.waiting)
}
