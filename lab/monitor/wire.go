package monitor

import (
	"errors"
	"io"
	"net"
	"sync"

	"github.com/rap-analyzer/rapbot/lab/loopback"
)

// wire carries what is said to a member of a gossip, packets and connections,
// from a port of its own to the member's. While it is cut, packets vanish and
// connections are reset.
type wire struct {
	tcp *net.TCPListener
	udp *net.UDPConn // on the same port
	to  string

	mu   sync.Mutex
	cut  bool
	live map[*net.TCPConn]struct{}
	all  sync.WaitGroup
}

func newWire(to string) (*wire, error) {
	tcp, udp, err := listenBoth()
	if err != nil {
		return nil, err
	}
	out, err := net.Dial("udp4", to)
	if err != nil {
		return nil, errors.Join(err, tcp.Close(), udp.Close())
	}
	w := &wire{tcp: tcp, udp: udp, to: to, live: map[*net.TCPConn]struct{}{}}
	w.all.Go(func() {
		defer out.Close()
		w.packets(out)
	})
	w.all.Go(w.connections)
	return w, nil
}

func (w *wire) addr() string { return w.tcp.Addr().String() }

// packets go one way only: a member answers to the address that the other makes known.
func (w *wire) packets(out net.Conn) {
	packet := make([]byte, 64<<10)
	for {
		n, _, err := w.udp.ReadFrom(packet)
		if err != nil {
			return // closed
		}
		if !w.isCut() {
			_, _ = out.Write(packet[:n]) // a member that is down loses it, as it would without the wire
		}
	}
}

func (w *wire) connections() {
	for {
		in, err := w.tcp.AcceptTCP()
		if err != nil {
			return // closed
		}
		w.all.Go(func() { w.carry(in) })
	}
}

func (w *wire) carry(in *net.TCPConn) {
	conn, err := net.Dial("tcp4", w.to)
	if err != nil {
		reset(in)
		return
	}
	out := conn.(*net.TCPConn)
	if !w.keep(in, out) {
		reset(in)
		reset(out)
		return
	}
	defer w.forget(in, out)
	var both sync.WaitGroup
	for _, way := range [][2]*net.TCPConn{{in, out}, {out, in}} {
		both.Go(func() {
			_, _ = io.Copy(way[1], way[0])
			_ = way[1].CloseWrite()
		})
	}
	both.Wait()
}

// keep remembers connections that a cut has to reset, unless it was quicker.
func (w *wire) keep(conns ...*net.TCPConn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		if !w.cut {
			w.live[c] = struct{}{}
		}
	}
	return !w.cut
}

func (w *wire) forget(conns ...*net.TCPConn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range conns {
		delete(w.live, c)
		_ = c.Close()
	}
}

func (w *wire) isCut() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cut
}

func (w *wire) set(cut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = cut
	if cut {
		for c := range w.live {
			reset(c)
		}
	}
}

func (w *wire) close() {
	w.set(true)
	_ = w.tcp.Close()
	_ = w.udp.Close()
	w.all.Wait()
}

func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

// manyPorts is how many ports are tried that are free for TCP and not for UDP.
const manyPorts = 50

// listenBoth listens for packets and connections on one port.
func listenBoth() (tcp *net.TCPListener, udp *net.UDPConn, err error) {
	for range manyPorts {
		if tcp, err = net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			return nil, nil, err
		}
		port := tcp.Addr().(*net.TCPAddr).Port
		if udp, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}); err == nil {
			return tcp, udp, nil
		}
		_ = tcp.Close()
	}
	return nil, nil, err
}

// reserveBoth reserves a port for a server that takes packets too. Those cannot
// be reserved, so it only looks whether they could be taken now.
func reserveBoth() (port loopback.Reservation, err error) {
	for range manyPorts {
		if port, err = loopback.Reserve(); err != nil {
			return port, err
		}
		var udp *net.UDPConn
		if udp, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port.Port}); err == nil {
			return port, udp.Close()
		}
		port.Release()
	}
	return loopback.Reservation{}, err
}
