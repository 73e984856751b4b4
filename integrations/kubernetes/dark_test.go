package kubernetes_test

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/kubernetes"
	lab "github.com/rap-analyzer/rapbot/lab/kubernetes"
)

// A frozen API server takes connections and says nothing. The others' figures
// stay fresh, nothing waits past its deadline, and what changed meanwhile is seen
// as soon as it answers again (R9).
func TestFrozenServer(t *testing.T) {
	room := lab.FreshForTest(t)
	w := newWorld(t, room, nil)
	w.deployment(west, 2, "rap-analyzer:v1")
	w.runs()
	before := w.shows(west, "settled", func(c rapbot.Cluster) bool { return c.App.Settled })
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		w.shows(region, "it answers", func(c rapbot.Cluster) bool { return c.Answered })
	}
	must(t, room.Region(west).Freeze())

	frozen := w.shows(west, "it is dark", func(c rapbot.Cluster) bool { return !c.Answered })
	if frozen.Fault != "no answer within 2 s" || frozen.LastAnswer.Before(before.LastAnswer) || !frozen.At.After(frozen.LastAnswer) || frozen.App != before.App {
		t.Errorf("dark: %+v\nbefore: %+v", frozen, before)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 3 { // also when connections are there that hang
		asked := time.Now()
		for _, c := range w.fleet.ObserveClusters(ctx) {
			if c.Answered != (c.Region != west) || c.Answered && c.At.Before(asked) {
				t.Errorf("%+v", c)
			}
		}
	}
	if ctx.Err() != nil {
		t.Error("asking hung past its deadline")
	}
	was := w.cluster("us-east-1").At
	w.shows("us-east-1", "the others go on", func(c rapbot.Cluster) bool { return c.Answered && c.At.After(was.Add(time.Second)) })
	err := w.fleet.Scale(ctx, west, rapbot.App, 5)
	expectError(t, err, rapbot.Unavailable, "Whether it was is not known.")

	must(t, room.Region(west).Thaw())
	w.shows(west, "it is seen again", func(c rapbot.Cluster) bool { return c.Answered && c.At.After(frozen.At) })
	must(t, w.fleet.Scale(ctx, west, rapbot.App, 4))
	w.shows(west, "the watch is alive again", func(c rapbot.Cluster) bool { return c.App.Settled && c.App.Ready == 4 })
}

// A control plane that is gone refuses connections; one that comes back has
// forgotten no watch, because all begin anew.
func TestKilledServer(t *testing.T) {
	room := lab.FreshForTest(t, "us-east-1", west)
	w := newWorld(t, room, nil)
	w.deployment(west, 2, "rap-analyzer:v1")
	w.runs()
	w.shows(west, "settled", func(c rapbot.Cluster) bool { return c.App.Settled })
	must(t, room.Region(west).Kill())
	w.shows(west, "it is dark", func(c rapbot.Cluster) bool { return c.Fault == "connection refused" && c.App.Ready == 2 })
	expectError(t, w.fleet.Scale(t.Context(), west, rapbot.App, 5), rapbot.Unavailable, "connection refused. Nothing was changed.")
	must(t, room.Region(west).Start(t.Context()))
	w.shows(west, "it is seen again", func(c rapbot.Cluster) bool { return c.Answered })
	must(t, w.fleet.Scale(t.Context(), west, rapbot.App, 3))
	w.shows(west, "the watch is alive again", func(c rapbot.Cluster) bool { return c.App.Desired == 3 && c.App.Pods == 3 })
}

// Nothing waits at the start for a region that is dark, and the first answer
// shows what stands there.
func TestDarkAtTheStart(t *testing.T) {
	room := lab.FreshForTest(t, "us-east-1", west)
	w := newWorld(t, room, nil)
	w.deployment(west, 1, "rap-analyzer:v1")
	must(t, room.Region(west).Freeze())
	w.fleet = w.reopen()
	w.runs()
	w.shows("us-east-1", "the other answers", func(c rapbot.Cluster) bool { return c.Answered })
	dark := w.shows(west, "it is dark", func(c rapbot.Cluster) bool { return c.Fault == "no answer within 2 s" })
	if dark.Answered || !dark.LastAnswer.IsZero() {
		t.Errorf("%+v", dark)
	}
	must(t, room.Region(west).Thaw())
	w.shows(west, "it is seen", func(c rapbot.Cluster) bool { return c.App.Settled })
}

// Connections that lead nowhere any more, as after a load balancer was
// replaced, are given up: new ones would have worked all the time.
func TestDeadConnectionsAreGivenUp(t *testing.T) {
	w := newWorld(t, lab.ForTest(t), nil)
	p := newProxy(t, strings.TrimPrefix(w.room.Region(west).Config.Host, "https://"))
	w.configs[1].Rest = rest.CopyConfig(w.configs[1].Rest)
	w.configs[1].Rest.Host = "https://" + p.Addr().String()
	w.opt.Timeout = 500 * time.Millisecond
	w.fleet = w.reopen()
	w.runs()
	w.shows(west, "it answers", func(c rapbot.Cluster) bool { return c.Answered })
	p.abandon()
	w.shows(west, "it is dark", func(c rapbot.Cluster) bool { return !c.Answered })
	ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second) // without giving them up it takes 45 s, for HTTP/2 to find out
	defer cancel()
	for !w.cluster(west).Answered {
		if sleep(ctx, 20*time.Millisecond) != nil {
			t.Fatal("the old connections are still waited for")
		}
	}
}

// proxy passes connections on, until they are abandoned: then they stay open
// and nothing goes through any more.
type proxy struct {
	net.Listener
	mu    sync.Mutex
	block []chan struct{}
	conns []net.Conn
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{Listener: l}
	t.Cleanup(p.close)
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			block := make(chan struct{})
			p.mu.Lock()
			p.block, p.conns = append(p.block, block), append(p.conns, in, out)
			p.mu.Unlock()
			for _, pair := range [][2]net.Conn{{in, out}, {out, in}} {
				go func() { _, _ = io.Copy(valve{pair[0], block}, pair[1]) }()
			}
		}
	}()
	return p
}

func (p *proxy) close() {
	_ = p.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
}

func (p *proxy) abandon() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.block {
		close(b)
	}
	p.block = nil
}

type valve struct {
	io.Writer
	closed chan struct{}
}

func (v valve) Write(b []byte) (int, error) {
	select {
	case <-v.closed:
		return len(b), nil // swallowed
	default:
		return v.Writer.Write(b)
	}
}

// A program that is to fetch credentials may hang for ever, and takes nobody
// with it.
func TestCredentialsThatHang(t *testing.T) {
	hung := filepath.Join(t.TempDir(), "hung")
	must(t, os.WriteFile(hung, nil, 0o600))
	config := &rest.Config{Host: "https://127.0.0.1:1", ExecProvider: &api.ExecConfig{
		Command: "/bin/sh", Args: []string{"-c", `while [ -e "$0" ]; do sleep 0.05; done`, hung}, APIVersion: "client.authentication.k8s.io/v1", InteractiveMode: api.NeverExecInteractiveMode,
	}}
	f, err := kubernetes.Open([]kubernetes.RegionConfig{{Name: west, Rest: config}}, kubernetes.Options{Timeout: 50 * time.Millisecond})
	must(t, err)
	for range 3 {
		if c := f.ObserveClusters(t.Context())[0]; c.Answered || c.Fault != "no answer within 50 ms" {
			t.Errorf("%+v", c)
		}
	}
}
