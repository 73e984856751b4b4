package regions

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestLinks takes one fleet with links through everything that can happen to them. Each step leaves the fleet as it was, but the last.
func TestLinks(t *testing.T) {
	f, err := Start(within(t, time.Minute), Options{Dir: privateFolder(t), Links: true, Log: t.Logf})
	must(t, err)
	t.Cleanup(func() { must(t, f.Close()) })
	w, err := f.StartWriter(WriterOptions{})
	must(t, err)
	for _, step := range []struct {
		name string
		run  func(*testing.T, *Fleet)
	}{
		{"everybody uses links", everybodyUsesLinks},
		{"the bot's link", theBotsLinkIsItsOwn},
		{"isolated", anIsolatedRegionIsCutOffFromAll},
		{"isolated from some", isolatedFromSome},
		{"server down", aServerThatIsDownRefusesThroughLinks},
		{"delay", delaysReplication},
		{"dark", darkRegionsGiveNoAnswer},
		{"dark for commands", instanceExitsWithNotKnown},
		{"API", servesLinks},
		{"replay", pausesReplay},
		{"burn", burnsWAL},
		{"slot", losesASlot},
	} {
		passed := t.Run(step.name, func(t *testing.T) {
			eventually(t, "the fleet is as it was", func() bool { return settled(f.Status(t.Context())) })
			step.run(t, f)
		})
		if !passed {
			t.FailNow() // what comes next would only say that the fleet is not as it was
		}
	}
	f.HealAll()
	w.Stop()
	expectNothingLost(t, w)
	must(t, f.Close())
	expectNoLinkGoroutines(t)
	for _, link := range f.Links() {
		free, err := net.Listen("tcp4", link.held.Addr())
		if err != nil {
			t.Errorf("a link's port is not free: %v", err)
			continue
		}
		_ = free.Close()
	}
}

func everybodyUsesLinks(t *testing.T, f *Fleet) {
	if n := len(f.Links()); n != 12 {
		t.Fatalf("%d links for three regions, the bot and the application", n)
	}
	for _, way := range []struct{ viewer, region string }{{"us-west-2", "us-east-1"}, {"eu-west-1", "us-east-1"}, {ViewerApp, "us-east-1"}} {
		if n := f.Link(way.viewer, way.region).line().Connections; n == 0 {
			t.Errorf("%s does not reach %s through its link", way.viewer, way.region)
		}
	}
	if f.Link("us-east-1", "us-east-1") != nil || f.Link(ViewerBot, "mars") != nil {
		t.Error("there are links to nowhere")
	}
}

// ping asks a server over a connection of its own, and says what went wrong in a word.
func ping(t *testing.T, dsn string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err == nil {
		closeNow(conn)
	}
	switch {
	case err == nil:
		return "answer"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refusal"
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded):
		return "silence"
	}
	return err.Error()
}

func expectPings(t *testing.T, f *Fleet, viewer, want string) {
	t.Helper()
	var got []string
	for _, server := range f.servers {
		got = append(got, ping(t, server.DSNFor(viewer, Rapbot)))
	}
	if strings.Join(got, " ") != want {
		t.Errorf("%s gets %v, want %s", viewer, got, want)
	}
}

// streams tells whether a replica streams, as the primary sees it. The replica itself says so from the moment it begins to connect, and goes on saying
// so if the link goes silent before it has begun to stream.
func (v *view) streams(region string) bool {
	v.Helper()
	return ask[bool](v.T, v.primary, "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming' AND application_name = '"+SlotName(region)+"')")
}

// view is what the lab sees of the fleet past all links.
type view struct {
	*testing.T
	primary *pgx.Conn
}

func newView(t *testing.T, f *Fleet) *view {
	t.Helper()
	return &view{t, login(t, f.Region("us-east-1").DSN(Admin))}
}

// What happens to the bot's link is nobody else's business.
func theBotsLinkIsItsOwn(t *testing.T, f *Fleet) {
	link := f.Link(ViewerBot, "us-east-1")
	conn := login(t, f.Region("us-east-1").DSNFor(ViewerBot, Rapbot))
	v := newView(t, f)
	senders := func() string {
		return ask[string](t, v.primary, "SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_replication")
	}
	before := senders()
	for _, state := range []struct {
		break_ func()
		want   string
	}{{link.Stall, "silence"}, {link.Cut, "refusal"}, {link.Heal, "answer"}} {
		state.break_()
		expectPings(t, f, ViewerBot, state.want+" answer answer")
		expectPings(t, f, ViewerApp, "answer answer answer")
		if state.want != "answer" {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			if err := conn.Ping(ctx); err == nil {
				t.Errorf("a connection over a link with %s answers", state.want)
			}
			cancel()
		}
	}
	if after := senders(); after != before {
		t.Errorf("the streams of the replicas were %s and are %s", before, after)
	}
}

// A replica's isolation ends its streaming; healed, it streams again by itself.
func anIsolatedRegionIsCutOffFromAll(t *testing.T, f *Fleet) {
	v := newView(t, f)
	for how, want := range map[LinkState]string{LinkCut: "refusal", LinkStalled: "silence"} {
		must(t, f.Isolate("us-west-2", how))
		expectPings(t, f, ViewerBot, "answer "+want+" answer")
		expectPings(t, f, ViewerApp, "answer "+want+" answer")
		expectPings(t, f, "eu-west-1", "answer "+want+" answer")
		expectPings(t, f, "us-west-2", want+" answer "+want)
		eventually(t, "the isolated replica streams no more", func() bool { return !v.streams("us-west-2") })
		if !v.streams("eu-west-1") {
			t.Error("the other replica does not stream either")
		}
		must(t, f.Isolate("us-west-2", LinkOK))
		eventually(t, "the replica streams again", func() bool { return v.streams("us-west-2") })
	}
}

func isolatedFromSome(t *testing.T, f *Fleet) {
	must(t, f.IsolateFrom("us-west-2", LinkCut, "eu-west-1", ViewerApp))
	expectPings(t, f, "eu-west-1", "answer refusal answer")
	expectPings(t, f, "us-west-2", "answer answer refusal")
	expectPings(t, f, ViewerApp, "answer refusal answer")
	expectPings(t, f, ViewerBot, "answer answer answer")
	if err := f.IsolateFrom("us-west-2", LinkCut, ViewerBot, "mars"); err == nil {
		t.Error("isolated from nobody")
	}
	if err := f.Isolate("mars", LinkCut); err == nil {
		t.Error("isolated nobody")
	}
	expectPings(t, f, ViewerBot, "answer answer answer")
	f.HealAll()
	expectPings(t, f, ViewerApp, "answer answer answer")
}

// The links tell the truth of a server that stops, is killed and comes back.
func aServerThatIsDownRefusesThroughLinks(t *testing.T, f *Fleet) {
	server := f.Region("eu-west-1")
	ctx := within(t, 30*time.Second)
	for _, end := range []func() error{func() error { return server.Stop(ctx) }, server.Kill} {
		must(t, end())
		eventually(t, "the link refuses", func() bool { return ping(t, server.DSNFor(ViewerBot, Rapbot)) == "refusal" })
		must(t, server.Start(ctx))
		eventually(t, "the link leads to the server again", func() bool { return ping(t, server.DSNFor(ViewerBot, Rapbot)) == "answer" })
	}
}

func delaysReplication(t *testing.T, f *Fleet) {
	const delay = 100 * time.Millisecond
	must(t, f.Slow("us-west-2", delay, 0))
	conn := login(t, f.Region("us-west-2").DSNFor(ViewerBot, Rapbot))
	began := time.Now()
	must(t, conn.Ping(t.Context()))
	if took := time.Since(began); took < 2*delay {
		t.Errorf("an answer after %s", took)
	}
	must(t, f.Slow("us-west-2", 0, 0))
}

func darkRegionsGiveNoAnswer(t *testing.T, f *Fleet) {
	call := newCaller(t, f)
	call("POST", "/lab/break", `{"what":"dark","region":"us-west-2"}`, 200)
	expectPings(t, f, ViewerBot, "answer silence answer")
	for _, act := range []string{"status", "stop"} {
		if words := call("POST", "/lab/instances/us-west-2/"+act, "", http.StatusGatewayTimeout)["error"]; words != "no answer from us-west-2" {
			t.Errorf("%s: %v", act, words)
		}
	}
	if line := f.Status(t.Context())[1]; line.Dark == nil || !*line.Dark || line.State != Running {
		t.Errorf("a dark region's server runs on: %+v", line)
	}
	call("POST", "/lab/break", `{"what":"light","region":"us-west-2"}`, 200)
	call("POST", "/lab/instances/us-west-2/status", "", 200)
	expectPings(t, f, ViewerBot, "answer answer answer")
}

func servesLinks(t *testing.T, f *Fleet) {
	call := newCaller(t, f)
	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","state":"cut","delay_ms":7,"jitter_ms":3}`, 200)
	var changed []string
	for _, line := range call("GET", "/lab/links", "", 200)["links"].([]any) {
		l := line.(map[string]any)
		if l["state"] != "ok" || l["delay_ms"] != 0.0 {
			changed = append(changed, fmt.Sprintf("%v to %v: %v, %v+%v ms", l["from"], l["to"], l["state"], l["delay_ms"], l["jitter_ms"]))
		}
	}
	if fmt.Sprint(changed) != "[bot to us-east-1: cut, 7+3 ms]" {
		t.Errorf("changed: %v", changed)
	}
	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","delay_ms":0}`, 200)
	if state := f.Link(ViewerBot, "us-east-1").State(); state != LinkCut {
		t.Errorf("another delay has made the link %s", state)
	}
	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","state":"ok"}`, 200)

	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","state":"shut"}`, 400)
	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","delay_ms":-1}`, 400)
	call("POST", "/lab/links", `{"from":"bot","to":"us-east-1","delay_ms":"much"}`, 400)
	call("POST", "/lab/links", `{"from":"us-east-1","to":"us-east-1","state":"cut"}`, 404)
	call("POST", "/lab/links", `{"from":"moon","to":"us-east-1","state":"cut"}`, 404)
	call("POST", "/lab/break", `{"what":"delay","region":"us-west-2"}`, 400)
	call("POST", "/lab/break", `{"what":"delay","region":"us-west-2","ms":3600000}`, 400)
	call("POST", "/lab/break", `{"what":"burn","mb":0}`, 400)
	call("POST", "/lab/break", `{"what":"burn"}`, 400)
	call("POST", "/lab/break", `{"what":"burn","mb":1,"region":"us-west-2"}`, 409)
	call("POST", "/lab/break", `{"what":"pause-replay","region":"us-east-1"}`, 409)
	call("POST", "/lab/break", `{"what":"lose-slot","region":"us-east-1"}`, 409)
	for what, want := range map[string]LinkState{"cut": LinkCut, "stall": LinkStalled, "heal": LinkOK} {
		call("POST", "/lab/break", `{"what":"`+what+`","region":"us-west-2"}`, 200)
		if state := f.Link("us-west-2", "us-east-1").State(); state != want {
			t.Errorf("%s leaves the link %s", what, state)
		}
	}
	call("POST", "/lab/break", `{"what":"delay","region":"us-west-2","ms":5}`, 200)
	call("POST", "/lab/break", `{"what":"heal","region":"us-west-2"}`, 200)
	if ms := f.Link("us-west-2", "us-east-1").line().DelayMS; ms != 0 {
		t.Errorf("a healed link delays by %d ms", ms)
	}
}

func pausesReplay(t *testing.T, f *Fleet) {
	call := newCaller(t, f)
	replica := login(t, f.Region("us-west-2").DSN(Rapbot))
	call("POST", "/lab/break", `{"what":"pause-replay","region":"us-west-2"}`, 200)
	eventually(t, "WAL arrives and is not replayed", func() bool {
		return ask[bool](t, replica, "SELECT pg_last_wal_receive_lsn() - pg_last_wal_replay_lsn() > 20000")
	})
	if line := f.Status(t.Context())[1]; !line.Paused || line.Streaming == nil || !*line.Streaming {
		t.Errorf("%+v", line)
	}
	call("POST", "/lab/break", `{"what":"resume-replay","region":"us-west-2"}`, 200)
	call("POST", "/lab/break", `{"what":"resume-replay","region":"us-west-2"}`, 200)
	eventually(t, "what arrived is replayed", func() bool {
		return ask[bool](t, replica, "SELECT pg_last_wal_receive_lsn() - pg_last_wal_replay_lsn() < 20000")
	})
}

func burnsWAL(t *testing.T, f *Fleet) {
	conn := login(t, f.Region("us-east-1").DSN(Rapbot))
	before := ask[string](t, conn, "SELECT pg_current_wal_flush_lsn()::text")
	newCaller(t, f)("POST", "/lab/break", `{"what":"burn","mb":20}`, 200)
	if burned := ask[int](t, conn, "SELECT (pg_current_wal_flush_lsn() - '"+before+"')::int"); burned < 20<<20 {
		t.Errorf("%d bytes of WAL after 20 MB were burned", burned)
	}
}

// A lost slot is lost for good: the replica cannot stream any more, and no other slot and no setting has changed.
func losesASlot(t *testing.T, f *Fleet) {
	newCaller(t, f)("POST", "/lab/break", `{"what":"lose-slot","region":"us-west-2"}`, 200)
	if state := f.Region("us-west-2").State(); state != Running {
		t.Errorf("the server is %s", state)
	}
	conn := login(t, f.Region("us-east-1").DSN(Admin))
	if got := ask[string](t, conn, "SELECT string_agg(slot_name || ' ' || wal_status, ', ' ORDER BY slot_name) FROM pg_replication_slots"); got != "euw1 reserved, usw2 lost" {
		t.Errorf("the slots are %s", got)
	}
	if got := ask[string](t, conn, "SHOW max_slot_wal_keep_size"); got != "1GB" {
		t.Errorf("max_slot_wal_keep_size is left at %s", got)
	}
	eventually(t, "the replica has tried to stream again and could not", func() bool {
		log, err := os.ReadFile(f.Region("us-west-2").LogFile())
		return err == nil && strings.Contains(string(log), "FATAL:  could not receive data from WAL stream: ERROR:") // whose words differ between versions
	})
	if v := newView(t, f); v.streams("us-west-2") || !v.streams("eu-west-1") {
		t.Errorf("%+v", f.Status(t.Context()))
	}
}

// The bot's commands exit as those of a region that cannot be reached: not known, which is neither running nor stopped.
func instanceExitsWithNotKnown(t *testing.T, f *Fleet) {
	program := filepath.Join(t.TempDir(), "instance")
	if out, err := exec.Command("go", "build", "-o", program, "../instance").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lab := httptest.NewServer(f.Handler())
	defer lab.Close()
	status := func() (int, string) {
		cmd := exec.Command(program, lab.URL, "us-west-2", "status")
		out, _ := cmd.CombinedOutput()
		return cmd.ProcessState.ExitCode(), string(out)
	}
	f.Region("us-west-2").SetReachable(false)
	if code, words := status(); code != 1 || !strings.Contains(words, "no answer from us-west-2") {
		t.Errorf("in the dark: exit %d, %s", code, words)
	}
	f.Region("us-west-2").SetReachable(true)
	if code, words := status(); code != 0 {
		t.Errorf("in the light: exit %d, %s", code, words)
	}
}
