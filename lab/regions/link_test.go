package regions

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/line"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// A link in front of a server that sends back what it gets.
type echo struct {
	*Link
	server   *Server
	listener net.Listener
	arrived  atomic.Int64 // bytes that the server has got
	greeted  atomic.Int64 // connections that the server has taken
}

func newEcho(t *testing.T) *echo {
	t.Helper()
	listener, err := line.Listen("127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	e := &echo{listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			e.greeted.Add(1)
			go func() {
				defer conn.Close()
				_, _ = io.Copy(io.MultiWriter(e, conn), conn)
			}()
		}
	}()
	e.server = &Server{Name: "there", Port: listener.Addr().(*net.TCPAddr).Port, fleet: &Fleet{log: t.Logf}}
	e.Link, err = newLink("here", e.server)
	must(t, err)
	e.server.inbound.links = []*Link{e.Link}
	t.Cleanup(e.close)
	e.server.inbound.open()
	return e
}

func (e *echo) Write(b []byte) (int, error) {
	e.arrived.Add(int64(len(b)))
	return len(b), nil
}

func (e *echo) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	conn, err := dial(within(t, 10*time.Second), e.Port)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(30*time.Second)))
	return conn
}

// roundTrip sends bytes and makes sure that the same come back.
func roundTrip(t *testing.T, conn *net.TCPConn, size int) {
	t.Helper()
	sent := randomBytes(size)
	go func() { _, _ = conn.Write(sent) }()
	expectBytes(t, conn, sent)
}

func expectBytes(t *testing.T, conn *net.TCPConn, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Fatalf("read: %v", err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%d bytes came back changed", len(want))
	}
}

func randomBytes(size int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

// hangs makes sure that nothing arrives for a while, which on a healthy link would take a fraction of that.
func hangs(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	must(t, conn.SetReadDeadline(time.Now().Add(200*time.Millisecond)))
	if n, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("read %d bytes, %v: the link is stalled", n, err)
	}
	must(t, conn.SetReadDeadline(time.Now().Add(30*time.Second)))
}

func TestLinkCarries(t *testing.T) {
	e := newEcho(t)
	conn := e.dial(t)
	roundTrip(t, conn, 8<<20)
	must(t, conn.CloseWrite())
	if rest, err := io.ReadAll(conn); err != nil || len(rest) > 0 {
		t.Errorf("after the end of the stream: %d bytes, %v", len(rest), err)
	}
	eventually(t, "the link forgets the connection", func() bool { return e.shown().Connections == 0 })
}

func TestCutLinkResetsAndRefuses(t *testing.T) {
	e := newEcho(t)
	conn := e.dial(t)
	roundTrip(t, conn, 100)
	e.Cut()
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a connection through a cut link: %v", err)
	}
	expectRefused(t, e.Port)
	e.Heal()
	roundTrip(t, e.dial(t), 100)
}

func expectRefused(t *testing.T, port int) {
	t.Helper()
	if _, err := dial(within(t, 10*time.Second), port); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a new connection: %v, want a refusal", err)
	}
}

func TestStalledLinkHangsAndLosesNothing(t *testing.T) {
	for _, delay := range []time.Duration{0, 5 * time.Millisecond} {
		t.Run("delay "+delay.String(), func(t *testing.T) {
			e := newEcho(t)
			e.Delay(delay, delay)
			old := e.dial(t)
			roundTrip(t, old, 100)
			e.Stall()
			fresh, gone := e.dial(t), e.dial(t)
			eventually(t, "the link has taken all three", func() bool { return e.shown().Connections == 3 })
			must(t, gone.Close())
			much := randomBytes(4 << 20) // more than the buffers on the way hold
			for _, conn := range []*net.TCPConn{old, fresh} {
				go func() { _, _ = conn.Write(much) }()
				hangs(t, conn)
			}
			e.Heal()
			expectBytes(t, old, much)
			expectBytes(t, fresh, much)
			eventually(t, "the one that gave up is forgotten", func() bool { return e.shown().Connections == 2 })
			if n := e.greeted.Load(); n != 2 {
				t.Errorf("the server has taken %d connections, and one of three gave up while the link was stalled", n)
			}
		})
	}
}

// What is on its way when a slow link goes silent arrives when the link heals.
func TestStalledLinkHoldsWhatIsOnItsWay(t *testing.T) {
	e := newEcho(t)
	const delay = time.Second
	e.Delay(delay, 0)
	conn := e.dial(t)
	words := []byte("on its way")
	_, err := conn.Write(words)
	must(t, err)
	e.Stall()
	if wait.Until(within(t, delay*3/2), glance, func() bool { return e.arrived.Load() > 0 }) == nil {
		t.Error("it has arrived over a stalled link")
	}
	e.Heal()
	expectBytes(t, conn, words)
}

// Traffic flows all the while the link changes under it.
func TestChangesLoseNoByte(t *testing.T) {
	e := newEcho(t)
	conn := e.dial(t)
	sent := randomBytes(16 << 20)
	go func() { _, _ = conn.Write(sent) }()
	stop := make(chan struct{})
	changing := make(chan struct{})
	go func() {
		defer close(changing)
		for i := 0; ; i++ {
			select {
			case <-stop:
				e.Heal()
				return
			case <-time.After(time.Millisecond):
			}
			switch i % 4 {
			case 0:
				e.Stall()
			case 1:
				e.Delay(2*time.Millisecond, time.Millisecond)
			default:
				e.Heal()
			}
		}
	}()
	expectBytes(t, conn, sent)
	close(stop)
	<-changing
}

func TestDelayedLink(t *testing.T) {
	e := newEcho(t)
	const delay = 50 * time.Millisecond
	conn := e.dial(t)
	roundTrip(t, conn, 100)
	e.Delay(delay, delay/5)
	began := time.Now()
	roundTrip(t, conn, 100)
	if took := time.Since(began); took < 2*delay {
		t.Errorf("there and back in %s over a link that delays by %s each way", took, delay)
	}
	roundTrip(t, conn, 4<<20)
	must(t, conn.CloseWrite())
	if rest, err := io.ReadAll(conn); err != nil || len(rest) > 0 {
		t.Errorf("after the end of the stream: %d bytes, %v", len(rest), err)
	}
}

// A server that is down refuses through the link, unless the link is stalled: silence does not tell.
func TestLinkToAServerThatIsDown(t *testing.T) {
	e := newEcho(t)
	doubt := e.server.inbound.open()
	must(t, e.listener.Close())
	// The first to find out is reset, and those after it are refused.
	conn, err := dial(within(t, 10*time.Second), e.Port)
	if err == nil { // else the reset was quicker than the handshake's last word
		_, err = conn.Read(make([]byte, 1))
		_ = conn.Close()
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the first connection to a server that is gone: %v", err)
	}
	select {
	case <-doubt:
	case <-within(t, 10*time.Second).Done():
		t.Fatal("nobody was told that the server does not listen")
	}
	e.server.inbound.shut()
	expectRefused(t, e.Port)
	e.Stall()
	waiting := e.dial(t)
	hangs(t, waiting)
	e.Heal()
	if _, err := waiting.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the link is whole and its server gone, and yet: %v", err)
	}
	expectRefused(t, e.Port)
}

// Nothing is left of a link in whatever state it is closed.
func TestClosedLinkLeavesNothing(t *testing.T) {
	for _, state := range []LinkState{LinkOK, LinkCut, LinkStalled} {
		e := newEcho(t)
		conn := e.dial(t)
		roundTrip(t, conn, 100)
		e.Delay(time.Minute, 0)
		_, err := conn.Write([]byte("on its way for a minute"))
		must(t, err)
		e.set(state)
		if state == LinkStalled {
			e.dial(t)
		}
		e.close()
		e.Stall() // too late, and harmless
		expectNoLinkGoroutines(t)
		expectRefused(t, e.Port)
		free, err := net.Listen("tcp4", e.held.Addr())
		if err != nil {
			t.Errorf("the port is not free: %v", err)
			continue
		}
		_ = free.Close()
	}
}

// expectNoLinkGoroutines looks for goroutines of links and of what follows servers for them.
func expectNoLinkGoroutines(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 4<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	for _, mark := range []string{"regions.(*Link).", "regions.(*session).", "regions.(*Server).follow"} {
		if strings.Contains(string(stacks), mark) {
			t.Errorf("a goroutine of %s is left:\n%s", mark, stacks)
		}
	}
}
