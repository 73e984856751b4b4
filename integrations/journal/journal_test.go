package journal_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/integrations/journal"
	"github.com/rap-analyzer/rapbot/integrations/journal/journaltest"
)

func TestOperations(t *testing.T) {
	journaltest.Operations(t, func(t *testing.T) rapbot.Operations { return open(t, empty(t)) })
}

func TestInbox(t *testing.T) {
	journaltest.Inbox(t, func(t *testing.T) alert.Inbox { return open(t, empty(t)) })
}

func TestFirings(t *testing.T) {
	journaltest.Firings(t, func(t *testing.T) journaltest.Journal { return open(t, empty(t)) })
}

func TestSamples(t *testing.T) {
	journaltest.Samples(t, func(t *testing.T) rapbot.Samples { return open(t, empty(t)) })
}

func TestNotes(t *testing.T) {
	journaltest.Notes(t, func(t *testing.T) rapbot.Notes { return open(t, empty(t)) })
}

// A crash leaves the file and its log as they are at that moment, without a
// checkpoint; that is what the next process finds.
func TestSurvival(t *testing.T) {
	journaltest.Survival(t, func(t *testing.T) (journaltest.Journal, func() journaltest.Journal) {
		path := empty(t)
		return open(t, path), func() journaltest.Journal { return open(t, crashed(t, path)) }
	})
}

// What a crash interrupts is rolled back: half a write is never seen.
func TestCrashAfterCrash(t *testing.T) {
	t.Parallel()
	path := somewhere(t)
	j := open(t, path)
	term := acquire(t, j)
	o := propose(t, j, term)
	for seq := 2; seq < 6; seq++ {
		tell(t, j, term, o.ID, seq)
		path = crashed(t, path)
		j = open(t, path)
		term = acquire(t, j)
		got, err := j.Operation(t.Context(), o.ID)
		if err != nil || got.Seq() != seq {
			t.Fatalf("after the crash the operation is at record %d (%v), want %d", got.Seq(), err, seq)
		}
	}
}

// A caller that gave up before its turn wrote nothing.
func TestCancelled(t *testing.T) {
	t.Parallel()
	j := open(t, somewhere(t))
	term := acquire(t, j)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Propose(ctx, term, proposal()); err == nil {
		t.Error("a cancelled proposal was written")
	}
	propose(t, j, term)
}

func somewhere(t testing.TB) string { return filepath.Join(t.TempDir(), "journal.db") }

// empty returns the path of a journal that was made before, which takes a
// fraction of the time that making one does.
func empty(t testing.TB) string {
	t.Helper()
	path := somewhere(t)
	if err := os.WriteFile(path, made(t), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

var (
	making   sync.Mutex
	emptyOne []byte
)

// made is the content of an empty journal.
func made(t testing.TB) []byte {
	making.Lock()
	defer making.Unlock()
	if emptyOne != nil {
		return emptyOne
	}
	path := somewhere(t)
	j, err := journal.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if emptyOne, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return emptyOne
}

func open(t testing.TB, path string) *journal.Journal {
	t.Helper()
	j, err := journal.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	})
	return j
}

// crashed copies what is on disk of an open journal. Another process copies:
// closing a descriptor of the file here would drop the open journal's locks.
func crashed(t *testing.T, path string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.Command("cp", path, path+"-wal", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return filepath.Join(dir, filepath.Base(path))
}

func acquire(t testing.TB, j *journal.Journal) rapbot.Term {
	t.Helper()
	term, err := j.Acquire(t.Context(), "a test")
	if err != nil {
		t.Fatal(err)
	}
	return term
}

func proposal() rapbot.Record {
	plan := rapbot.Plan{Kind: rapbot.Switchover, From: "us-east-1", To: "us-west-2"}
	return rapbot.Record{Seq: 1, Kind: rapbot.RecProposed, By: &rapbot.Person{ID: "U1"}, Plan: &plan}
}

func propose(t testing.TB, j *journal.Journal, term rapbot.Term) rapbot.Operation {
	t.Helper()
	o, err := j.Propose(t.Context(), term, proposal())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// tell appends a record that any operation may have.
func tell(t testing.TB, j *journal.Journal, term rapbot.Term, id string, seq int) {
	t.Helper()
	if _, err := j.Append(t.Context(), term, id, rapbot.Record{Seq: seq, Kind: rapbot.RecTold, Step: seq - 1}); err != nil {
		t.Fatal(err)
	}
}

const regions = 3

// round is what the regions are seen to be in one second, as they are read
// back.
func round(n int) []rapbot.Sample {
	at := time.Unix(1_700_000_000+int64(n), 0).UTC()
	var out []rapbot.Sample
	for _, region := range []string{"eu-west-1", "us-east-1", "us-west-2"}[:regions] {
		out = append(out, rapbot.Sample{At: at, Region: region, Role: rapbot.Replica, Timeline: 1, Position: rapbot.LSN(n), Replay: rapbot.LSN(n), Clock: at, Heartbeat: at})
	}
	return out
}

func TestMain(m *testing.M) {
	if act, ok := acts[os.Getenv("JOURNAL_TEST_ACT")]; ok {
		act(os.Getenv("JOURNAL_TEST_PATH"))
		return
	}
	os.Exit(m.Run())
}
