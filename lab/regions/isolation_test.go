package regions

import (
	"context"
	"errors"
	"net"
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
		if n := f.Link(way.viewer, way.region).shown().Connections; n == 0 {
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
	for _, kind := range []struct {
		how  LinkState
		want string
	}{{LinkCut, "refusal"}, {LinkStalled, "silence"}} {
		want := kind.want
		must(t, f.Isolate("us-west-2", kind.how))
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
