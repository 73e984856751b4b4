package charts

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// The stand-in for the boot gate writes down what it was given, and ends.
const gateStub = `#!/bin/sh
{ env; for word do printf 'arg %s\n' "$word"; done; } >"$RAPBOT_STUB_DIR/gate.out"
`

// The stand-in for volume.sh makes data, or fails, or takes for ever.
const volumeStub = `#!/bin/sh
printf '%s\n' "$*" >>"$RAPBOT_STUB_DIR/trace"
env >"$RAPBOT_STUB_DIR/volume.env"
[ ! -e "$RAPBOT_STUB_DIR/endless" ] || sleep 60
[ ! -e "$RAPBOT_STUB_DIR/unreachable" ] || exit 1
if [ "$1" = rebuild ]; then mkdir -p "$PGDATA"; : >"$PGDATA/standby.signal"; : >"$PGDATA/PG_VERSION"; fi
`

// The stand-ins for PostgreSQL's programs write their words down. A peer listens when a file is named after its port.
const (
	toolStub   = "#!/bin/sh\nprintf '%s\\n' \"${0##*/} $*\" >>\"$RAPBOT_STUB_DIR/trace\"\n"
	initdbStub = toolStub + "mkdir -p \"$2\"; : >\"$2/PG_VERSION\"\n"
	peerStub   = "#!/bin/sh\nwhile [ $# -gt 0 ]; do case $1 in -p) port=$2 ;; esac; shift; done\n[ -e \"$RAPBOT_STUB_DIR/$port\" ] || exit 2\n"
	serverStub = "#!/bin/sh\necho 'postgres (PostgreSQL) 15.18'\n"
)

// script is a file of the chart.
func script(t *testing.T, name string) string {
	t.Helper()
	text, err := FS.ReadFile("postgresql/files/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const password = `s3:cr\et`

// launch is an entrypoint with stand-ins for everything that it starts.
type launch struct{ *scene }

func newLaunch(t *testing.T, shell string) *launch {
	t.Helper()
	l := &launch{&scene{T: t, dir: t.TempDir(), shell: shell, done: make(chan error, 1)}}
	for _, sub := range []string{"bin", "scripts", "volume", "run", "secrets"} {
		l.must(os.Mkdir(filepath.Join(l.dir, sub), 0o755))
	}
	l.must(os.Symlink(shell, filepath.Join(l.dir, "bin", "sh")))
	for name, text := range map[string]string{
		"bin/initdb": initdbStub, "bin/pg_ctl": toolStub, "bin/psql": toolStub, "bin/pg_isready": peerStub, "bin/postgres": serverStub,
		"scripts/boot-gate.sh": gateStub, "scripts/volume.sh": volumeStub, "scripts/backup.sh": gateStub, "scripts/entrypoint.sh": script(t, "entrypoint.sh"),
	} {
		l.must(os.WriteFile(filepath.Join(l.dir, name), []byte(text), 0o755))
	}
	for _, login := range []string{"superuser", "replication", "rapbot", "app", "monitor"} {
		l.write("secrets/"+login, password+login)
	}
	return l
}

// state writes what the server is to be, with two peers.
func (l *launch) state(role, epoch string, more ...string) {
	l.Helper()
	l.write("state", "role="+role+"\nepoch="+epoch+"\nprimary_host=db-use1.example.com\nprimary_port=5432\n"+
		"peers=us-east-1=db-use1.example.com:5432 eu-west-1=db-euw1.example.com:6432\n"+strings.Join(more, "\n")+"\n")
}

func (l *launch) data(names ...string) {
	l.Helper()
	l.must(os.MkdirAll(filepath.Join(l.dir, "volume", "data"), 0o700))
	for _, name := range names {
		l.write("volume/data/"+name, "")
	}
}

func (l *launch) begin(args ...string) {
	l.Helper()
	l.gate = exec.Command(l.shell, append([]string{filepath.Join(l.dir, "scripts", "entrypoint.sh")}, args...)...)
	l.gate.Env = append(podEnv(l.dir), "PATH="+filepath.Join(l.dir, "bin")+":"+os.Getenv("PATH"), stubDir+"="+l.dir, "PG_RETRY=0.05")
	l.run()
}

// podEnv is what the chart tells the container, with every path in a folder.
func podEnv(dir string) []string {
	at := func(name string) string { return filepath.Join(dir, name) }
	return []string{
		"PG_STATE=" + at("state"), "PGDATA=" + at("volume/data"), "PG_SEEN=" + at("volume/seen"), "PG_SAVE=" + at("volume/saved"), "PG_RUN=" + at("run"),
		"PG_CONFIG=" + at("postgresql.conf"), "PG_HBA=" + at("pg_hba.conf"), "PG_SECRETS=" + at("secrets"), "PG_SSLMODE=disable",
		"PG_REGION=us-west-2", "PG_SLOT=usw2", "PG_SLOTS=use1 usw2 euw1", "PG_LISTEN=127.0.0.1", "PG_PORT=5432", "PG_SUPERUSER=postgres",
		"PG_REPLICATION_USER=replicator", "PG_RAPBOT_USER=rapbot", "PG_APP_USER=app", "PG_MONITOR_USER=monitor", "PG_DATABASE=rap",
		"BACKUP_HOST=db", "BACKUP_PORT=5432", "TMPDIR=" + dir, "HOME=" + dir,
	}
}

// completes waits for the end and gives what the gate was started with.
func (l *launch) completes() string {
	l.Helper()
	if status := l.ended(); status != 0 {
		l.Fatalf("status %d", status)
	}
	return l.read("gate.out")
}

func TestEntrypointStartsTheGate(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		l := newLaunch(t, shell)
		l.state("replica", "3", "quorum=1", "self_fence=40", "every=")
		l.data("PG_VERSION")
		l.begin()
		got := l.completes()
		for _, want := range []string{
			"GATE_PGDATA=" + l.dir + "/volume/data\n", "GATE_DIR=" + l.dir + "/run/gate\n", "GATE_HBA=" + l.dir + "/pg_hba.conf\n",
			"GATE_PEERS=us-east-1=db-use1.example.com:5432 eu-west-1=db-euw1.example.com:6432\n",
			"GATE_PEER_CONNINFO=user=replicator passfile='" + l.dir + "/run/pgpass' sslmode=disable gssencmode=disable\n",
			"GATE_QUORUM=1\n", "GATE_SELF_FENCE=40\n",
			"arg postgres\narg -D\narg " + l.dir + "/volume/data\narg -c\narg config_file=" + l.dir + "/run/server.conf\n", "arg cluster_name=us-west-2",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("the gate was not given %q:\n%s", want, got)
			}
		}
		if strings.Contains(got, "GATE_EVERY") {
			t.Error("an empty setting takes the place of the gate's default")
		}
		want := "include = '" + l.dir + "/postgresql.conf'\nprimary_slot_name = 'usw2'\n" +
			"primary_conninfo = 'host=db-use1.example.com,db-euw1.example.com port=5432,6432 user=replicator passfile=''" + l.dir + "/run/pgpass'' " +
			"sslmode=disable gssencmode=disable application_name=usw2 target_session_attrs=primary connect_timeout=3'"
		if got := l.read("run/server.conf"); got != want {
			t.Errorf("settings\n%s\nwant\n%s", got, want)
		}
		if got := l.read("run/pgpass"); got != `*:*:*:postgres:s3\:cr\\etsuperuser`+"\n"+`*:*:*:replicator:s3\:cr\\etreplication` {
			t.Errorf("passfile %q", got)
		}
	})
}

// What becomes of data that are there, by the role that is wanted and what they were at the last start.
func TestEntrypointTakesARole(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		for _, c := range []struct {
			name, role, seen string
			standby          bool
			replica, cleaned bool
		}{
			{"a primary is demoted", "replica", "2 primary", false, true, true},
			{"data of which nothing is known", "replica", "", false, true, true},
			{"a replica follows another primary", "replica", "2 replica", true, true, true},
			{"a replica starts again, frozen or not", "replica", "3 replica", true, true, false},
			{"a replica was promoted and nobody could say so yet", "replica", "3 replica", false, false, false},
			{"a primary starts again", "primary", "3 primary", false, false, false},
			{"a replica that is to be a primary is not promoted here", "primary", "2 replica", true, true, false},
		} {
			t.Run(c.name, func(t *testing.T) {
				l := newLaunch(t, shell)
				l.state(c.role, "3")
				l.data("PG_VERSION")
				if c.standby {
					l.data("standby.signal")
				}
				l.write("volume/seen", c.seen)
				const own = "work_mem = '8MB'\n"
				l.write("volume/data/postgresql.auto.conf", own+"primary_slot_name = 'rapbot_frozen_tli2'\n primary_conninfo = ''\ndefault_transaction_read_only = 'on'\nsynchronous_standby_names = 'x'\n")
				l.begin()
				l.completes()
				if got := exists(filepath.Join(l.dir, "volume/data/standby.signal")); got != c.replica {
					t.Errorf("replica %v, want %v", got, c.replica)
				}
				if got := l.read("volume/data/postgresql.auto.conf") == strings.TrimSpace(own); got != c.cleaned {
					t.Errorf("cleaned %v, want %v:\n%s", got, c.cleaned, l.read("volume/data/postgresql.auto.conf"))
				}
				if got := l.read("volume/seen"); got != "3 "+c.role {
					t.Errorf("remembers %q", got)
				}
			})
		}
	})
}

func TestEntrypointBegins(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		l := newLaunch(t, shell)
		l.state("primary", "1", "quorum=0")
		l.write("volume/data.fresh", "what a start before this one left")
		l.begin()
		if got := l.completes(); !strings.Contains(got, "GATE_QUORUM=0\n") {
			t.Error("the quorum is not passed on")
		}
		words := l.read("trace")
		var order []string
		for line := range strings.Lines(words) {
			program, _, _ := strings.Cut(line, " ")
			order = append(order, program)
		}
		if got := strings.Join(order, " "); got != "initdb pg_ctl psql pg_ctl" {
			t.Errorf("ran %s", got)
		}
		if strings.Contains(words, "s3:") {
			t.Errorf("a password is on a command line:\n%s", words)
		}
		if !exists(filepath.Join(l.dir, "volume/data/PG_VERSION")) || exists(filepath.Join(l.dir, "volume/data/standby.signal")) || l.read("volume/seen") != "1 primary" {
			t.Error("it is not a primary now")
		}
	})
}

func TestEntrypointCopies(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		l := newLaunch(t, shell)
		l.state("replica", "1")
		l.data("volume.copying") // of a copy that was cut off
		l.write("unreachable", "")
		l.begin()
		l.eventually("it tries again", func() bool { return strings.Count(l.read("trace"), "rebuild db-use1.example.com 5432") > 1 })
		l.must(os.Remove(filepath.Join(l.dir, "unreachable")))
		l.completes()
		if !strings.Contains(l.read("trace"), "-c CREATE_REPLICATION_SLOT usw2 PHYSICAL RESERVE_WAL") {
			t.Errorf("no slot is made:\n%s", l.read("trace"))
		}
		for _, want := range []string{"VOLUME_SLOT=usw2\n", "VOLUME_SAVE=" + l.dir + "/volume/saved\n", " dbname=postgres\n"} {
			if !strings.Contains(l.read("volume.env")+"\n", want) {
				t.Errorf("volume.sh is not given %q", want)
			}
		}
	})
}

// Where there are no data, and none may be made, it waits, says why, and goes on as soon as something else is wanted or the data are there.
func TestEntrypointHolds(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		for _, c := range []struct {
			name, held string
			make       func(*launch)
		}{
			{"lost data", "held there are no data here, and at epoch 4 there is a fleet", func(l *launch) { l.state("primary", "4") }},
			{"a peer that runs", "held there are no data here, and eu-west-1 runs already", func(l *launch) { l.state("primary", "1"); l.write("6432", "") }},
			{"half-replaced data", "held VOLUME/data holds volume.rewinding and no PG_VERSION", func(l *launch) { l.state("replica", "1"); l.data("volume.rewinding") }},
			{"no role", `held PLACE has the role ""`, func(l *launch) { l.write("state", "epoch=1\n") }},
			{"nobody to follow", `held PLACE has the role "replica", which must be`, func(l *launch) { l.write("state", "role=replica\nepoch=1\n") }},
			{"no epoch", `held PLACE has the epoch "x"`, func(l *launch) { l.state("primary", "x") }},
			{"no state at all", `held PLACE has the role ""`, func(*launch) {}},
		} {
			t.Run(c.name, func(t *testing.T) {
				l := newLaunch(t, shell)
				c.make(l)
				l.begin()
				l.eventually("state "+c.held, func() bool {
					return strings.HasPrefix(strings.NewReplacer(l.dir+"/state", "PLACE", l.dir+"/volume", "VOLUME").Replace(l.read("run/gate/state")), c.held)
				})
				if exists(filepath.Join(l.dir, "gate.out")) || strings.Contains(l.read("trace"), "initdb") {
					t.Error("it went on")
				}
				if c.name == "half-replaced data" {
					l.data("PG_VERSION")
				} else {
					l.state("replica", "5")
				}
				l.completes()
			})
		}
	})
}

// A copy may take hours: who is told to end ends, with everything it has started.
func TestEntrypointEnds(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		for _, with := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			l := newLaunch(t, shell)
			l.state("replica", "1")
			l.write("endless", "")
			l.begin()
			l.eventually("it says that it copies", func() bool { return l.read("run/gate/state") == "copying db-use1.example.com:5432" })
			var copying []string
			l.eventually("it copies", func() bool {
				copying = l.started("sleep\x0060")
				return len(copying) == 1
			})
			if status := l.ends(with); status != 0 || l.read("run/gate/state") != "ended" {
				t.Errorf("status %d, state %q", status, l.read("run/gate/state"))
			}
			l.eventually("the copy ends", func() bool { return !exists("/proc/" + copying[0]) })
		}
	})
}

func TestEntrypointForJobs(t *testing.T) {
	shells(t, func(t *testing.T, shell string) {
		l := newLaunch(t, shell)
		l.begin("volume", "divergence", "db-use1.example.com", "5432", "0/0")
		l.ended()
		if got := l.read("trace"); got != "divergence db-use1.example.com 5432 0/0" {
			t.Errorf("volume.sh was called with %q", got)
		}
		l = newLaunch(t, shell)
		l.begin("backup")
		if got := l.completes(); !strings.Contains(got, "BACKUP_CONNINFO=host=db port=5432 user=replicator passfile='"+l.dir+"/run/pgpass'") {
			t.Errorf("backup.sh was given\n%s", got)
		}
		l = newLaunch(t, shell)
		l.begin("nonsense")
		if status := l.ended(); status != 2 {
			t.Errorf("status %d", status)
		}
	})
}
