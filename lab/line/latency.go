package line

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"
)

// chunk is what was read at once and when it is to arrive.
type chunk struct {
	bytes []byte
	due   time.Time
}

// enRoute is how many chunks a delayed line holds in one direction; more are left to the sender's own buffers, as on a line of limited bandwidth.
const enRoute = 256

// carryLate copies like io.Copy, each chunk later by the traffic's delay. Reading goes on while chunks are on their way, so that a delay costs
// no throughput. It comes back when everything that was read has arrived.
func (s *session) carryLate(to, from *net.TCPConn, t Traffic) error {
	way := make(chan chunk, enRoute)
	arrived := make(chan error, 1)
	go func() { arrived <- s.deliver(to, way) }()
	err := depart(from, way, t)
	close(way)
	if lost := <-arrived; lost != nil {
		return lost
	}
	return err
}

// depart reads until the end, which is no error, or until it is interrupted. With jitter a chunk may be due before the one ahead of it; it does not
// overtake, but arrives together with it.
func depart(from *net.TCPConn, way chan<- chunk, t Traffic) error {
	for {
		buffer := make([]byte, 32<<10)
		n, err := from.Read(buffer)
		if n > 0 {
			due := time.Now().Add(t.Delay)
			if t.Jitter > 0 {
				due = due.Add(rand.N(t.Jitter))
			}
			way <- chunk{buffer[:n], due}
		}
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// deliver writes each chunk when it is due and the line forwards. When a write fails it resets the session, and the reading side ends too.
func (s *session) deliver(to *net.TCPConn, way <-chan chunk) (lost error) {
	for c := range way {
		if lost != nil {
			continue // the reader must not be left with a full channel
		}
		timer := time.NewTimer(time.Until(c.due))
		select {
		case <-timer.C:
		case <-s.ended:
			timer.Stop()
		}
		_, ok := s.awaitFlow()
		if !ok {
			lost = net.ErrClosed
			continue
		}
		if _, lost = to.Write(c.bytes); lost != nil {
			s.reset()
		}
	}
	return lost
}
