package charts

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const isReplica = "SELECT pg_is_in_recovery()"

// TestPods has a fleet of two come up from nothing, change its primary, lose its way and be held, on the PostgreSQL of this machine.
func TestPods(t *testing.T) {
	east, west := newPod(t, "use1"), newPod(t, "usw2")

	east.is("primary", 1, east, west)
	west.is("replica", 1, east, east)
	west.start() // its primary comes later
	east.start()
	east.awaits("held 0 of the 1 peers needed answered") // nobody said that it is the first start of all
	east.stop()
	east.write("state", east.read("state")+"\nquorum=0\n")
	east.start()
	east.awaits("open")
	west.awaits("open")
	east.says("postgres", "SELECT string_agg(slot_name, ' ' ORDER BY slot_name) FROM pg_replication_slots", "euw1 usw2")
	east.holdsGrants()
	east.says("app", "CREATE TABLE rows (n int); INSERT INTO rows VALUES (1); SELECT count(*) FROM rows", "1")
	east.says("monitor", "SELECT pg_has_role('pg_monitor', 'USAGE')", "t")
	if _, err := east.connects("postgres", password+"superuser"); err == nil {
		t.Error("the superuser comes in over the network")
	}
	west.eventually("it streams", func() bool { out, _ := west.ask("app", "SELECT count(*) FROM rows"); return out == "1" })
	west.says("app", isReplica, "t")
	if strings.Contains(east.log.String()+west.log.String(), "cr\\et") {
		t.Error("a password is in the log")
	}
	t.Run("backup", func(t *testing.T) { west.T = t; west.backsUp(); west.T = east.T })

	// A change of primary. What the west is has not been written down yet when it starts again.
	west.says("rapbot", "SELECT rapbot.ensure_slot('use1') IS NOT NULL", "t")
	east.stop()
	west.says("rapbot", "SELECT pg_promote()", "t")
	east.is("replica", 2, west, west)
	east.start()
	east.awaits("open")
	east.says("app", isReplica, "t")
	west.says("app", "INSERT INTO rows VALUES (2); SELECT count(*) FROM rows", "2")
	east.eventually("it follows", func() bool { out, _ := east.ask("app", "SELECT count(*) FROM rows"); return out == "2" })
	west.stop()
	west.start()
	west.awaits("open")
	west.says("app", isReplica, "f")
	west.stop()
	west.is("primary", 2, west, east)

	// With nobody to ask it is held, and nothing of it can be reached.
	east.stop()
	west.start()
	west.awaits("held 0 of the 1 peers needed answered")
	for range 20 {
		if out, err := west.ask("app", isReplica); err == nil {
			t.Fatalf("a held server answers %q", out)
		}
	}
	if exists(filepath.Join(west.dir, "volume/data/postmaster.pid")) {
		t.Error("a held server runs")
	}
	west.probes("ready", 1, "held 0 of the 1 peers needed answered, use1 gives no answer")
	west.probes("alive", 0, "")
	east.start()
	west.awaits("open")
	west.says("app", isReplica, "f")
	west.probes("ready", 0, "")
	west.probes("alive", 0, "")

	// A region that has lost its data begins nothing beside the others, and takes a copy when it is told to.
	east.stop()
	east.must(os.RemoveAll(filepath.Join(east.dir, "volume/data")))
	east.is("primary", 1, east, west)
	east.start()
	east.awaits("held there are no data here, and usw2 runs already")
	east.is("replica", 2, west, west)
	east.awaits("open")
	east.says("app", "SELECT count(*) FROM rows", "2")
	east.stop()
	west.stop()
}

// holdsGrants puts to the server the question by which rapbot finds out what its role lacks.
func (p *pod) holdsGrants() {
	p.Helper()
	major, err := p.ask("postgres", "SELECT current_setting('server_version_num')::int / 10000")
	p.must(err)
	rows := "grants13.sql"
	if number, err := strconv.Atoi(major); err != nil || number >= 15 {
		rows = "grants15.sql"
	}
	question, err := os.ReadFile("../integrations/postgres/grants.sql")
	p.must(err)
	version, err := os.ReadFile("../integrations/postgres/" + rows)
	p.must(err)
	p.says("rapbot", strings.Replace(string(question), "{{version}}", strings.TrimSpace(string(version)), 1), "{}")
	p.says("rapbot", "INSERT INTO rapbot.heartbeat VALUES (1, now()); SELECT rapbot.ensure_slot('euw1') IS NOT NULL", "t")
	if _, err := p.ask("rapbot", "SELECT rapbot.ensure_slot('mine')"); err == nil {
		p.Error("rapbot makes any slot")
	}
}

// connects tries to log in over the network with a password.
func (p *pod) connects(role, word string) (string, error) {
	cmd := p.command()
	cmd.Path, cmd.Args = filepath.Join(p.bin, "psql"), []string{"psql", "-XAtq", "-h", p.host, "-p", strconv.Itoa(p.port), "-U", role, "-d", "rap", "-c", "SELECT 1"}
	cmd.Env = append(cmd.Env, "PGPASSWORD="+word)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// backsUp makes three backups, of which two are kept, and one that is damaged.
func (p *pod) backsUp() {
	p.Helper()
	run := func(env ...string) (string, error) {
		cmd := p.command(p.script("entrypoint.sh"), "backup")
		cmd.Env = append(cmd.Env, env...)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	folders := func() []string {
		found, err := filepath.Glob(filepath.Join(p.dir, "backups/*"))
		p.must(err)
		return found
	}
	for _, old := range []string{"backup-20200101T000000Z", "backup-20200102T000000Z", "backup-20200103T000000Z.part", "others"} {
		p.must(os.Mkdir(filepath.Join(p.dir, "backups", old), 0o700))
	}
	p.handOver()
	if out, err := run(); err != nil || !strings.Contains(out, "is whole and verified") {
		p.Fatalf("backup: %v\n%s", err, out)
	}
	kept := folders()
	if len(kept) != 3 || filepath.Base(kept[0]) != "backup-20200102T000000Z" || filepath.Base(kept[2]) != "others" {
		p.Errorf("kept %q", kept)
	}
	if !exists(filepath.Join(kept[1], "backup_manifest")) || exists(filepath.Join(kept[1], "postmaster.pid")) {
		p.Error("what was made is no backup with a manifest")
	}
	// A program that verifies finds a file that has changed on its way to the disk.
	const damaging = "#!/bin/sh\nfor dir; do :; done\nprintf x >>\"$dir/PG_VERSION\"\nexec \"$REAL/pg_verifybackup\" \"$@\"\n"
	p.must(os.WriteFile(filepath.Join(p.dir, "scripts/pg_verifybackup"), []byte(damaging), 0o755))
	out, err := run("REAL="+p.bin, "PATH="+filepath.Join(p.dir, "scripts")+":"+p.bin+":"+os.Getenv("PATH"))
	if err == nil || !strings.Contains(out, "the backup is damaged and was removed") || len(folders()) != 3 {
		p.Errorf("a damaged backup: %v\n%s\n%q", err, out, folders())
	}
	if out, err := run("BACKUP_KEEP=0"); err == nil || !strings.Contains(out, "1 or more") {
		p.Errorf("none to keep: %v %s", err, out)
	}
	if out, err := run("BACKUP_PORT=1"); err == nil || !strings.Contains(out, "the ones before it are as they were") || len(folders()) != 3 {
		p.Errorf("a server that does not answer: %v %s", err, out)
	}
}

// probes asks what the kubelet asks.
func (p *pod) probes(what string, status int, words string) {
	p.Helper()
	cmd := p.command(p.script("probe.sh"), what)
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != status || strings.TrimSpace(string(out)) != words {
		p.Errorf("probe %s: status %d, %q", what, got, out)
	}
}

// A server that hangs is not alive; one that is held, copies or shuts down is.
func TestProbes(t *testing.T) {
	p := newPod(t, "usw2")
	p.probes("alive", 0, "")
	p.probes("ready", 1, "nothing is known yet")
	p.must(os.MkdirAll(filepath.Join(p.dir, "run/gate"), 0o755))
	for _, state := range []string{"starting", "copying a:1", "held x", "stopping x", "ended"} {
		p.write("run/gate/state", state+"\n")
		p.probes("alive", 0, "")
		p.probes("ready", 1, state)
	}
	p.write("run/gate/state", "open\n")
	p.probes("alive", 1, "PostgreSQL gives no answer")
	p.probes("ready", 2, "")
}
