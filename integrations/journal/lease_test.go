package journal_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// Another process that lives keeps the lease; once it is killed, the lease is
// free at that moment.
func TestLeaseOfAnotherProcess(t *testing.T) {
	t.Parallel()
	path := empty(t)
	j := open(t, path)
	before := acquire(t, j)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	j = open(t, path)

	other := start(t, "hold", path)
	if got := other.line(t); got != "holding" {
		t.Fatal(got)
	}
	_, err := j.Acquire(t.Context(), "a test")
	if rapbot.ErrorCode(err) != rapbot.Conflict {
		t.Fatalf("got %v, want a conflict", err)
	}
	host, _ := os.Hostname()
	for _, want := range []string{"the second process", host, fmt.Sprint("process ", other.cmd.Process.Pid), "since 20", "Nothing was changed."} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the refusal does not say %q: %s", want, err)
		}
	}
	if _, err := j.Propose(t.Context(), before, proposal()); rapbot.ErrorCode(err) != rapbot.Superseded {
		t.Errorf("a write under an old term: %v, want superseded", err)
	}

	other.kill()
	if after := acquire(t, j); after != before+2 {
		t.Errorf("the term after the kill is %d, want %d", after, before+2)
	}
}

// A holder that was killed while it started another program leaves the lock to
// that one for a moment.
func TestLeaseThatIsLetGo(t *testing.T) {
	t.Parallel()
	path := empty(t)
	j := open(t, path)
	left, err := os.OpenFile(path+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Flock(int(left.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, func() { left.Close() })
	acquire(t, j)
}

// A closed journal has given the lease back.
func TestCloseGivesTheLeaseBack(t *testing.T) {
	t.Parallel()
	path := empty(t)
	first, second := open(t, path), open(t, path)
	acquire(t, first)
	if _, err := second.Acquire(t.Context(), "a test"); rapbot.ErrorCode(err) != rapbot.Conflict {
		t.Fatalf("got %v, want a conflict", err)
	}
	for range 2 {
		if err := first.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := first.Acquire(t.Context(), "a test"); err == nil {
		t.Error("a closed journal acquired the lease")
	}
	acquire(t, second)
}

// Somebody removes the lock file of a live holder: both think that they hold
// the lease, and the term lets only the newer one write.
func TestTermFencesWhereTheLockDoesNot(t *testing.T) {
	t.Parallel()
	path := empty(t)
	first, second := open(t, path), open(t, path)
	stale := acquire(t, first)
	o := propose(t, first, stale)
	if err := os.Remove(path + ".lock"); err != nil {
		t.Fatal(err)
	}
	fresh := acquire(t, second)

	_, err := first.Append(t.Context(), stale, o.ID, rapbot.Record{Seq: 2, Kind: rapbot.RecAsked})
	if rapbot.ErrorCode(err) != rapbot.Superseded {
		t.Errorf("a write of the old holder: %v, want superseded", err)
	}
	tell(t, second, fresh, o.ID, 2)
}

// Processes that write at once wait for each other.
func TestWritersTakeTurns(t *testing.T) {
	t.Parallel()
	path := empty(t)
	var writing sync.WaitGroup
	for name := range 3 {
		j := open(t, path)
		writing.Go(func() {
			for i := range 40 {
				key := fmt.Sprint(name, " ", i)
				if fresh, err := j.Accept(t.Context(), alert.Delivery{Key: key}); err != nil || !fresh {
					t.Errorf("delivery %s: %t, %v", key, fresh, err)
				}
			}
		})
	}
	writing.Wait()
}

// Whoever does not execute still reads what the holder writes, and takes in
// what arrives.
func TestWithoutTheLease(t *testing.T) {
	t.Parallel()
	path := empty(t)
	holder, other := open(t, path), open(t, path)
	term := acquire(t, holder)
	o := propose(t, holder, term)
	if got, err := other.Operation(t.Context(), o.ID); err != nil || got.Seq() != 1 {
		t.Errorf("the other process reads %d records (%v), want 1", got.Seq(), err)
	}
	if fresh, err := other.Accept(t.Context(), alert.Delivery{Key: "k"}); err != nil || !fresh {
		t.Errorf("the other process accepts: %t, %v", fresh, err)
	}
	if pending, err := holder.Pending(t.Context(), 10); err != nil || len(pending) != 1 {
		t.Errorf("the holder finds %d deliveries (%v), want 1", len(pending), err)
	}
}
