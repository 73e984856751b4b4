package realnodes

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// WAN is the wide-area network between the regions: it takes packets from one place, and hands them to another after as long as the way between the two takes.
// A way can be cut, and then its packets are lost without a word, which is how a region goes dark.
type WAN struct {
	mu    sync.Mutex
	ends  []*end
	ways  map[string]*track // "from to"
	delay func(from, to string) time.Duration
	lost  atomic.Int64 // packets that were not carried

	carrying sync.WaitGroup
}

// end is one place on the network.
type end struct {
	name   string
	prefix netip.Prefix
	pipe   io.ReadWriteCloser // a packet with each call
}

// track is one direction of a way.
type track struct {
	delay  time.Duration
	jitter time.Duration
	cut    atomic.Bool
	queue  chan packet
}

type packet struct {
	due  time.Time
	data []byte
}

const (
	largestPacket = 1 << 16
	queueLength   = 4096 // of packets; more than that are lost, as in a router
)

// newWAN makes a network without places. delay gives the time that a packet takes from one place to another.
func newWAN(delay func(from, to string) time.Duration) *WAN {
	return &WAN{ways: map[string]*track{}, delay: delay}
}

// join puts a place on the network, under the addresses of prefix.
func (w *WAN) join(name string, prefix netip.Prefix, pipe io.ReadWriteCloser) {
	w.mu.Lock()
	defer w.mu.Unlock()
	fresh := &end{name: name, prefix: prefix, pipe: pipe}
	for _, other := range w.ends {
		w.lay(fresh, other)
		w.lay(other, fresh)
	}
	w.ends = append(w.ends, fresh)
	w.carrying.Go(func() { w.read(fresh) })
}

// lay begins to carry packets in one direction.
func (w *WAN) lay(from, to *end) {
	delay := w.delay(from.name, to.name)
	t := &track{delay: delay, jitter: delay / 20, queue: make(chan packet, queueLength)}
	w.ways[from.name+" "+to.name] = t
	w.carrying.Go(func() { w.carry(t, to) })
}

// read takes packets from a place until it is closed.
func (w *WAN) read(from *end) {
	defer w.leave(from)
	buffer := make([]byte, largestPacket)
	for {
		n, err := from.pipe.Read(buffer)
		if err != nil {
			return
		}
		if t := w.route(from, buffer[:n]); t != nil && !t.cut.Load() {
			p := packet{time.Now().Add(t.delay), append([]byte(nil), buffer[:n]...)}
			if t.jitter > 0 {
				p.due = p.due.Add(rand.N(t.jitter))
			}
			select {
			case t.queue <- p:
				continue
			default:
			}
		}
		w.lost.Add(1)
	}
}

// leave ends the ways that begin at a place.
func (w *WAN) leave(from *end) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, to := range w.ends {
		if t := w.ways[from.name+" "+to.name]; t != nil {
			close(t.queue)
			delete(w.ways, from.name+" "+to.name)
		}
	}
}

// route finds the way of a packet by its destination. Only IPv4 is spoken.
func (w *WAN) route(from *end, data []byte) *track {
	const header, destination = 20, 16
	if len(data) < header || data[0]>>4 != 4 || int(binary.BigEndian.Uint16(data[2:])) > len(data) {
		return nil
	}
	to := netip.AddrFrom4([4]byte(data[destination : destination+4]))
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.ends {
		if e != from && e.prefix.Contains(to) {
			return w.ways[from.name+" "+e.name]
		}
	}
	return nil
}

// carry hands packets over when they are due, in the order in which they were sent. What is under way when the way is cut is lost.
func (w *WAN) carry(t *track, to *end) {
	for p := range t.queue {
		time.Sleep(time.Until(p.due))
		if t.cut.Load() {
			w.lost.Add(1)
			continue
		}
		if _, err := to.pipe.Write(p.data); err != nil {
			w.lost.Add(1) // the place is gone
		}
	}
}

// Cut cuts the ways between two places in both directions, or joins them again.
func (w *WAN) Cut(one, other string, cut bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, name := range []string{one + " " + other, other + " " + one} {
		t := w.ways[name]
		if t == nil {
			return fmt.Errorf("cut the way %s: there is none", name)
		}
		t.cut.Store(cut)
	}
	return nil
}

// Isolate cuts all ways of a place, or joins them again.
func (w *WAN) Isolate(name string, cut bool) error {
	w.mu.Lock()
	var others []string
	for _, e := range w.ends {
		if e.name != name {
			others = append(others, e.name)
		}
	}
	w.mu.Unlock()
	var all error
	for _, other := range others {
		all = errors.Join(all, w.Cut(name, other, cut))
	}
	return all
}

// close takes all places off the network. Nothing is carried any more when it returns.
func (w *WAN) close() error {
	w.mu.Lock()
	ends := w.ends
	w.mu.Unlock()
	var all error
	for _, e := range ends {
		if err := e.pipe.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			all = errors.Join(all, err)
		}
	}
	w.carrying.Wait()
	return all
}
