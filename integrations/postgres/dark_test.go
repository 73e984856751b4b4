package postgres_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/postgres"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// A receiver that hangs goes on calling itself streaming. Its lag is a number
// while the primary knows the stream, and none when it does not; and the time
// since when is that of the last message, also while no heartbeat is written.
func knowsAFrozenReceiver(t *testing.T, lab *regions.Fleet, f *postgres.Fleet) {
	running(t, f)
	eventually(t, "everybody streams, and a heartbeat has arrived", func() bool {
		return len(f.Topology().Contradictions()) == 0 && !region(t, f.Topology(), "us-west-2").Server.Heartbeat.IsZero()
	})
	admin := login(t, lab.Region("us-east-1"), regions.Admin)
	do(t, admin, "ALTER SYSTEM SET default_transaction_read_only = on")
	do(t, admin, "SELECT pg_reload_conf()")
	replica := func() rapbot.Region { return region(t, f.Topology(), "us-west-2") }
	eventually(t, "the heartbeat is old", func() bool { return time.Since(replica().Server.Heartbeat) > 1500*time.Millisecond })

	frozen := lab.Region("us-west-2")
	do(t, admin, "BEGIN READ WRITE; INSERT INTO writes (id) VALUES (1000); COMMIT")
	at := time.Now()
	eventually(t, "the row has arrived, and a look after it", func() bool {
		r := replica()
		return r.Lag.Known && r.Lag.Bytes == 0 && r.At.After(at.Add(200*time.Millisecond)) // looks come every 100 ms
	})
	must(t, frozen.Freeze())
	at = time.Now()
	do(t, admin, "BEGIN READ WRITE; INSERT INTO writes (id) SELECT generate_series(1001, 1020); COMMIT")
	eventually(t, "the lag grows", func() bool { return replica().Lag.Known && replica().Lag.Bytes > 0 })
	eventually(t, "the primary gives the stream up", func() bool { return !replica().Lag.Streaming })
	if l := replica().Lag; l.Known || l.Bytes != 0 || l.Time != 0 {
		t.Errorf("a number without a stream: %+v", l)
	}
	// The sender's messages come at least every half second, and its patience is one.
	if since := replica().Lag.Since; since.After(at.Add(400*time.Millisecond)) || since.Before(at.Add(-1300*time.Millisecond)) {
		t.Errorf("not streaming since %s, but it was frozen at %s", since, at)
	}
	if c := strings.Join(f.Topology().Contradictions(), " "); c != "us-west-2 is not streaming." {
		t.Errorf("said of it: %s", c)
	}
	must(t, frozen.Thaw())
	do(t, admin, "ALTER SYSTEM RESET default_transaction_read_only")
	do(t, admin, "SELECT pg_reload_conf()")
	eventually(t, "it streams again", func() bool { return replica().Lag.Known && replica().Lag.Bytes == 0 })
}

// One region dark: the others are seen in time, and the dark one says why and
// since when (R9).
// A receiver that the sender turns away, here for want of its slot, starts again
// and again, and calls itself streaming each time until it is told.
func knowsARefusedReceiver(t *testing.T, lab *regions.Fleet, f *postgres.Fleet) {
	admin := login(t, lab.Region("us-west-2"), regions.Admin)
	do(t, admin, "ALTER SYSTEM SET primary_slot_name = 'nobody'")
	do(t, admin, "SELECT pg_reload_conf()")
	eventually(t, "it does not stream", func() bool { return !region(t, f.Observe(t.Context()), "us-west-2").Lag.Streaming })
	looks, claims := 0, 0
	eventually(t, "it has called itself streaming while it was looked at", func() bool {
		if region(t, f.Observe(t.Context()), "us-west-2").Lag.Streaming {
			t.Fatal("it is said to stream")
		}
		if ask[bool](t, admin, "SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')") {
			claims++ // for a moment in each of its tries, which is met by chance
		}
		looks++
		return claims >= 3 || claims >= 1 && looks >= 50
	})
	do(t, admin, "ALTER SYSTEM RESET primary_slot_name")
	do(t, admin, "SELECT pg_reload_conf()")
	eventually(t, "it streams again", func() bool { return region(t, f.Observe(t.Context()), "us-west-2").Lag.Streaming })
}

func answersBesideDarkRegions(t *testing.T, lab *regions.Fleet, f *postgres.Fleet) {
	const name = "eu-west-1"
	server := lab.Region(name)
	for _, test := range []struct {
		how       string
		darken    func() error
		fault     string
		enlighten func() error
	}{
		{"stopped", func() error { return server.Stop(t.Context()) }, "connection refused", func() error { return server.Start(t.Context()) }},
		{"killed", server.Kill, "connection refused", func() error { return server.Start(t.Context()) }},
		{"hanging", func() error { return signalAll(server, syscall.SIGSTOP) }, "no answer in 2 s", func() error { return signalAll(server, syscall.SIGCONT) }},
	} {
		t.Run(test.how, func(t *testing.T) {
			before := region(t, f.Observe(t.Context()), name)
			must(t, test.darken())
			t.Cleanup(func() { _ = signalAll(server, syscall.SIGCONT) })
			began := time.Now()
			topology := f.Observe(t.Context())
			if took := time.Since(began); took > 3500*time.Millisecond {
				t.Errorf("it took %s", took)
			}
			r := region(t, topology, name)
			if r.Answered || r.Role != rapbot.Unknown || r.Fault != test.fault {
				t.Errorf("%+v", r)
			}
			if !r.LastAnswer.Equal(before.LastAnswer) || r.Server.SystemID != before.Server.SystemID || r.Server.Replay != before.Server.Replay {
				t.Errorf("what was known is lost: %+v, before %+v", r, before)
			}
			for _, other := range []string{"us-east-1", "us-west-2"} {
				if !region(t, topology, other).Answered {
					t.Errorf("%s is dark too", other)
				}
			}
			must(t, test.enlighten())
			eventually(t, "it answers again", func() bool { return region(t, f.Observe(t.Context()), name).Lag.Streaming })
		})
	}
}

// The loop's figures of the others do not grow old because one region hangs.
func isDelayedByNobody(t *testing.T, lab *regions.Fleet, _ *postgres.Fleet) {
	configs := configsOf(lab)
	configs[2].DSN = silentServer(t)
	configs = append(configs, postgres.RegionConfig{Name: "black-hole", Slot: "hole", DSN: blackHole(t)})
	f, err := postgres.Open(t.Context(), configs, postgres.Options{Every: 100 * time.Millisecond, Timeout: 2 * time.Second})
	must(t, err)
	t.Cleanup(f.Close)
	if got := region(t, f.Topology(), "us-east-1"); got.Answered || got.Fault != "not asked yet" || !got.LastAnswer.IsZero() {
		t.Errorf("before the first look: %+v", got)
	}
	began := time.Now()
	topology := f.Observe(t.Context())
	if took := time.Since(began); took < 1900*time.Millisecond || took > 3500*time.Millisecond {
		t.Errorf("one look took %s", took)
	}
	for _, name := range []string{"eu-west-1", "black-hole"} {
		if r := region(t, topology, name); r.Answered || r.Fault != "no answer in 2 s" {
			t.Errorf("%+v", r)
		}
	}
	running(t, f)
	at := func() time.Time { return region(t, f.Topology(), "us-west-2").At }
	asked := at()
	eventually(t, "the loop's first look", func() bool { return at().After(asked) })
	previous, worst := at(), time.Duration(0)
	for range 30 {
		eventually(t, "another look", func() bool { return at().After(previous) })
		worst = max(worst, at().Sub(previous))
		previous = at()
	}
	if worst > 1500*time.Millisecond {
		t.Errorf("a look of every 100 ms came %s after the one before it", worst)
	}
}

func namesFaults(t *testing.T, lab *regions.Fleet, _ *postgres.Fleet) {
	east := lab.Region("us-east-1")
	dsn := func(user, password, database string) string {
		return fmt.Sprintf("host=127.0.0.1 port=%d user=%s password=%s dbname=%s sslmode=disable", east.Port, user, password, database)
	}
	good := east.DSN(regions.Rapbot)
	for _, test := range []struct{ dsn, password, want string }{
		{dsn("rapbot", "hunter2", "rap"), "", "password refused"},
		{good, "hunter2", "password refused"},
		{dsn("rapbot", "hunter2", "rap"), passwordOf(good), ""},
		{dsn("rapbot", passwordOf(good), "nowhere"), "", "the database does not exist"},
		{dsn("rapbot", passwordOf(good), "postgres"), "", ""},
		{"host=no-such-host.invalid user=rapbot dbname=rap", "hunter2", "its address is unknown"},
	} {
		f, err := postgres.Open(t.Context(), []postgres.RegionConfig{{Name: "us-east-1", Slot: "use1", DSN: test.dsn, Password: test.password}}, postgres.Options{})
		must(t, err)
		if got := region(t, f.Observe(t.Context()), "us-east-1").Fault; got != test.want {
			t.Errorf("%s: %q, want %q", strings.ReplaceAll(test.dsn, passwordOf(good), "***"), got, test.want)
		}
		f.Close()
	}
}

// signalAll sends a signal to a server's postmaster and all its processes.
func signalAll(s *regions.Server, signal syscall.Signal) error {
	text, err := os.ReadFile(filepath.Join(s.DataDir(), "postmaster.pid"))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	postmaster, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	pids := []int{postmaster}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	for _, path := range stats {
		text, _ := os.ReadFile(path)
		_, rest, _ := strings.Cut(string(text), ") ")
		var state string
		var parent int
		if _, err := fmt.Sscan(rest, &state, &parent); err == nil && parent == postmaster {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			pids = append(pids, pid)
		}
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, signal) // one that has just ended needs no signal
	}
	return nil
}

// silentServer accepts connections and never says a word.
func silentServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	return "host=127.0.0.1 user=rapbot dbname=rap sslmode=disable port=" + portOf(l.Addr().String())
}

// blackHole is an address where not even the connection comes about: the queue
// of a listener that nobody accepts from is full.
func blackHole(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	must(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	must(t, syscall.Listen(fd, 0))
	name, err := syscall.Getsockname(fd)
	must(t, err)
	port := strconv.Itoa(name.(*syscall.SockaddrInet4).Port)
	for range 10 {
		conn, err := net.DialTimeout("tcp", "127.0.0.1:"+port, 100*time.Millisecond)
		if err != nil {
			return "host=127.0.0.1 user=rapbot dbname=rap sslmode=disable port=" + port
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("the queue never fills")
	return ""
}

func portOf(address string) string {
	_, port, _ := net.SplitHostPort(address)
	return port
}
