package regions

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// TestVolume takes two servers through three changes of primary: a crash that loses rows and is mended by a rewind; one whose rewind is
// cut off, so that only a rebuild helps; and a clean one, after which there is nothing to mend.
func TestVolume(t *testing.T) {
	f := newFleet(t, "us-east-1", "us-west-2")
	east, west := f.Region("us-east-1"), f.Region("us-west-2")
	// Vacuum commits transactions of its own, which would be counted with the application's.
	admin := login(t, east.DSN(Admin))
	do(t, admin, "ALTER SYSTEM SET autovacuum = off")
	do(t, admin, "SELECT pg_reload_conf()")
	w, err := f.StartWriter(WriterOptions{})
	must(t, err)
	eventually(t, "rows acknowledged", func() bool { return w.Counters().Acknowledged > 300 })
	refusesWhileItRuns(t, f)

	do(t, admin, "SELECT pg_switch_wal()") // so that there is a segment before the one in which they part
	cutOff(t, west)
	for range 3 {
		acked := w.Counters().Acknowledged
		eventually(t, "rows that the replica does not get", func() bool { return w.Counters().Acknowledged > acked+50 })
		do(t, admin, "SELECT pg_switch_wal()")
	}
	must(t, east.Kill())
	w.Stop()
	resume := stopCheckpointer(t, west)
	promote(t, west, east)
	countsWhatIsLost(t, east, west)
	refusesToCountTooFew(t, east, west)
	countsBesideZeros(t, east, west)
	rewindNeedsACheckpoint(t, east, west, resume)
	must(t, east.Rewind(within(t, time.Minute), west.Name))
	followsAndReplays(t, f, east, west, 2)

	cutOff(t, east)
	do(t, login(t, west.DSN(Admin)), "INSERT INTO writes SELECT 200000 + generate_series(1, 10)")
	must(t, west.Kill())
	promote(t, east, west)
	rewindCutOff(t, west, east)
	rebuildCutOff(t, west, east)
	rebuildTellsItsProgress(t, west, east)
	followsAndReplays(t, f, west, east, 3)

	must(t, east.Stop(within(t, 20*time.Second)))
	promote(t, west, east)
	straightHasLostNothing(t, east, west)
	finishesWhatWasCutOff(t, east, west)
	must(t, east.Rewind(within(t, time.Minute), west.Name))
	followsAndReplays(t, f, east, west, 4)
}

func refusesWhileItRuns(t *testing.T, f *Fleet) {
	t.Helper()
	east := f.Region("us-east-1")
	ctx := within(t, 20*time.Second)
	_, err := east.Divergence(ctx, "us-west-2", 0)
	for _, err := range []error{err, east.Rewind(ctx, "us-west-2"), east.Rebuild(ctx, "us-west-2", nil)} {
		if rapbot.ErrorCode(err) != rapbot.Precondition {
			t.Errorf("a running server: %v", err)
		}
	}
	server := httptest.NewServer(f.Handler())
	defer server.Close()
	resp, err := http.Post(server.URL+"/lab/instances/us-east-1/divergence?source=us-west-2", "", nil)
	must(t, err)
	defer resp.Body.Close()
	var last string
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		last = lines.Text()
	}
	if last != `{"exit":4}` {
		t.Errorf("over HTTP the answer ends with %s", last)
	}
}

// cutOff ends the replica's stream, so that what is written from now on is known to be lost to it.
func cutOff(t *testing.T, replica *Server) {
	t.Helper()
	bot := login(t, replica.DSN(Rapbot))
	do(t, bot, "ALTER SYSTEM SET primary_conninfo = ''")
	do(t, bot, "SELECT pg_reload_conf()")
	eventually(t, "the WAL receiver has ended", func() bool { return walReceiver(replica.postmaster(replica.current())) == 0 })
}

func promote(t *testing.T, target, other *Server) {
	t.Helper()
	bot := login(t, target.DSN(Rapbot))
	do(t, bot, "SELECT rapbot.ensure_slot('"+other.Slot+"')")
	do(t, bot, "SELECT pg_promote(false)")
	eventually(t, "the target is promoted", func() bool { return !ask[bool](t, bot, "SELECT pg_is_in_recovery()") })
}

// stopCheckpointer keeps the server from noting its new timeline, which it otherwise does at some time after its promotion.
func stopCheckpointer(t *testing.T, s *Server) (resume func()) {
	t.Helper()
	for _, pid := range childrenOf(s.postmaster(s.current())) {
		if strings.Contains(title(pid), "checkpointer") {
			must(t, syscall.Kill(pid, syscall.SIGSTOP))
			resume = func() { _ = syscall.Kill(pid, syscall.SIGCONT) }
			t.Cleanup(resume)
			return resume
		}
	}
	t.Fatal("no checkpointer")
	return nil
}

// countsWhatIsLost compares what is said of the dead server's log with what its data hold once they have been recovered: a copy of
// them is started, and the transactions that added the rows missing on the new primary are read from the rows themselves.
func countsWhatIsLost(t *testing.T, dead, primary *Server) {
	t.Helper()
	missing := missingRows(t, dead, primary)
	began := time.Now()
	d, err := dead.Divergence(within(t, time.Minute), primary.Name, 0)
	must(t, err)
	t.Logf("%+v in %s", d, time.Since(began).Round(time.Millisecond))
	xids, text := savedCommits(t, d.Saved)
	if len(missing) < 100 || d.Commits != len(missing) || !slices.Equal(xids, missing) {
		t.Errorf("%d rows are missing, %d commits counted, %d listed:\n%s", len(missing), d.Commits, len(xids), text)
	}
	onNew := login(t, primary.DSN(Admin))
	history := ask[string](t, onNew, "SELECT pg_read_file('pg_wal/00000002.history')")
	if system := ask[string](t, onNew, "SELECT system_identifier::text FROM pg_control_system()"); d.SystemID != system || !strings.Contains(history, "\t"+d.Fork.String()+"\t") {
		t.Errorf("system %s, history %q, and yet %+v", system, history, d)
	}
	if d.Clean || !d.Related || d.Timeline != 1 || d.Straight() || d.End <= d.Fork {
		t.Errorf("%+v", d)
	}
	// What was saved is a log that can be read.
	out, _ := exec.Command(dead.fleet.pg.Program("pg_waldump"), "-p", d.Saved, "-t", "1", "-s", d.Fork.String(), "-r", "Transaction").Output() // its end is an error
	if n := strings.Count(string(out), "desc: COMMIT "); n != d.Commits {
		t.Errorf("the saved log has %d commits", n)
	}
	if again, err := dead.Divergence(within(t, time.Minute), primary.Name, 0); err != nil || again != d {
		t.Errorf("the second time %+v, %v", again, err)
	}
	if again := besideAnEmptyFile(t, dead, primary, d.End); again != d {
		t.Errorf("beside a file that was made in advance: %+v", again)
	}
	if past, err := dead.Divergence(within(t, time.Minute), primary.Name, d.End+1<<30); err != nil || past.Commits != 0 || past.Saved != "" {
		t.Errorf("from beyond the end: %+v, %v", past, err)
	}
	if inside, err := dead.Divergence(within(t, time.Minute), primary.Name, d.End-1); err != nil || inside.Commits != 1 || inside.Fork != d.End-1 {
		t.Errorf("from inside the last record: %+v, %v", inside, err)
	}
}

// besideAnEmptyFile reads the log with the next two files of it made in advance, as PostgreSQL does: they are all zeros.
func besideAnEmptyFile(t *testing.T, dead, primary *Server, end rapbot.LSN) rapbot.Divergence {
	t.Helper()
	const segment = 16 << 20
	for next := range 2 {
		name := filepath.Join(dead.DataDir(), "pg_wal", fmt.Sprintf("%08X%08X%08X", 1, 0, int(end)/segment+1+next))
		if _, err := os.Stat(name); err == nil {
			t.Fatalf("%s is there already", name)
		}
		must(t, dead.fleet.account.WriteFile(name, strings.Repeat("\x00", segment)))
		defer os.Remove(name)
	}
	d, err := dead.Divergence(within(t, time.Minute), primary.Name, 0)
	must(t, err)
	return d
}

func missingRows(t *testing.T, dead, primary *Server) []string {
	t.Helper()
	account, copied := dead.fleet.account, dead.path("copy")
	must(t, child.Run(within(t, time.Minute), account.Command(dead.dir, "cp", "-a", dead.DataDir(), copied)))
	defer os.RemoveAll(copied)
	port, err := loopback.Reserve()
	must(t, err)
	defer port.Release()
	p, err := child.Start(account.Command(dead.dir, dead.fleet.pg.Program("postgres"), "-D", copied, "-c", "config_file="+dead.path("server.conf"), "-c", fmt.Sprint("port=", port.Port)))
	must(t, err)
	defer func() { must(t, p.End(within(t, 20*time.Second), syscall.SIGQUIT)) }()
	var conn *pgx.Conn
	address := strings.Replace(dead.DSN(Admin), fmt.Sprint(":", dead.Port, "/"), fmt.Sprint(":", port.Port, "/"), 1)
	eventually(t, "the copy has recovered", func() bool { conn, err = pgx.Connect(t.Context(), address); return err == nil })
	defer closeNow(conn)
	known := ask[[]int64](t, login(t, primary.DSN(Admin)), "SELECT array_agg(id) FROM writes")
	var missing []string
	rows, err := conn.Query(t.Context(), "SELECT xmin::text FROM writes WHERE id <> ALL ($1)", known)
	must(t, err)
	missing, err = pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	slices.Sort(missing)
	return missing
}

func savedCommits(t *testing.T, folder string) (xids []string, text string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, "commits.txt"))
	must(t, err)
	for line := range strings.Lines(string(data)) {
		if xid, _, found := strings.Cut(line, "\t"); found {
			xids = append(xids, xid)
		}
	}
	slices.Sort(xids)
	return xids, string(data)
}

// Up to version 15 pg_rewind takes a server that has not noted its new timeline for one on the old one, finds nothing to do and says
// that all is well.
func rewindNeedsACheckpoint(t *testing.T, dead, primary *Server, resume func()) {
	t.Helper()
	if dead.fleet.pg.Major < 15 {
		resume()
		t.Skip("the login cannot be given the right to ask for a checkpoint")
	}
	admin := login(t, primary.DSN(Admin))
	do(t, admin, "REVOKE pg_checkpoint FROM replicator")
	if err := dead.Rewind(within(t, time.Minute), primary.Name); err == nil || !strings.Contains(err.Error(), "run CHECKPOINT there") {
		t.Errorf("the source has not noted its timeline: %v", err)
	}
	do(t, admin, "GRANT pg_checkpoint TO replicator")
	resume()
}

// followsAndReplays starts the server as a replica and waits for a row that did not exist when it was made one.
func followsAndReplays(t *testing.T, f *Fleet, replica, primary *Server, timeline int) {
	t.Helper()
	if left, _ := filepath.Glob(replica.data("volume.*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	must(t, replica.StartReplica(within(t, time.Minute)))
	do(t, login(t, primary.DSN(Admin)), fmt.Sprintf("INSERT INTO writes VALUES (%d)", 100000+timeline))
	conn := login(t, replica.DSN(Admin))
	eventually(t, "the fresh row arrives", func() bool {
		return ask[bool](t, conn, fmt.Sprintf("SELECT EXISTS (SELECT FROM writes WHERE id = %d)", 100000+timeline))
	})
	eventually(t, "it follows on the new timeline", func() bool {
		for _, line := range f.Status(t.Context()) {
			if line.Name == replica.Name && follows(line, timeline) {
				return true
			}
		}
		return false
	})
}

func rebuildTellsItsProgress(t *testing.T, dead, primary *Server) {
	t.Helper()
	// A slot is busy until the primary has noticed that its reader is gone.
	slot := login(t, primary.DSN(Admin))
	eventually(t, "the slot is free", func() bool {
		return ask[bool](t, slot, "SELECT NOT active FROM pg_replication_slots WHERE slot_name = '"+dead.Slot+"'")
	})
	do(t, slot, "ALTER SYSTEM SET work_mem = '5MB'")
	var told []int64
	var last int64
	began := time.Now()
	must(t, dead.Rebuild(within(t, 2*time.Minute), primary.Name, func(done, total int64) { told, last = append(told, done), total }))
	t.Logf("rebuilt in %s, told %v of %d", time.Since(began).Round(time.Millisecond), told, last)
	if len(told) == 0 || !slices.IsSorted(told) || told[len(told)-1] != last || last < 10<<20 {
		t.Errorf("the progress told: %v of %d", told, last)
	}
	settings, err := os.ReadFile(dead.data("postgresql.auto.conf"))
	must(t, err)
	if strings.Contains(string(settings), "primary_conninfo") || !strings.Contains(string(settings), "work_mem") {
		t.Errorf("the settings that came along: %s", settings)
	}
}

func straightHasLostNothing(t *testing.T, old, primary *Server) {
	t.Helper()
	d, err := old.Divergence(within(t, time.Minute), primary.Name, 0)
	must(t, err)
	if !d.Straight() || !d.Clean || d.Commits != 0 || d.Saved != "" || d.Timeline != 3 || d.End != d.Fork {
		t.Errorf("a clean switchover left %+v", d)
	}
}
