// Package line carries TCP connections over lines that can be cut, stalled and slowed down.
package line

import (
	"context"
	"net"
	"sync"
	"time"
)

// State is what a line does with connections.
type State string

// The states of a line.
//
// A cut line is a refusal: connections are reset, new ones refused, as behind a firewall that rejects or on a machine that is up without its server.
// A stalled line is silence, which is how a wide-area link dies: nothing is forwarded in either direction, nobody is told, and whoever waits, waits.
// The kernel completes the handshake of a new connection on a stalled line; nothing comes after it.
const (
	OK      State = "ok"
	Cut     State = "cut"
	Stalled State = "stall"
)

// Traffic is how a line treats the bytes.
type Traffic struct {
	State State
	// Everything arrives later by Delay and up to Jitter more, in each direction, in the order in which it was sent.
	Delay, Jitter time.Duration
}

// Reach connects to what the line leads to.
type Reach func(context.Context) (*net.TCPConn, error)

// Line is the way of connections to a place.
type Line struct {
	mu       sync.Mutex
	traffic  Traffic
	closed   bool
	sessions map[*session]struct{}
	changed  chan struct{} // closed, and replaced, when traffic changes

	all sync.WaitGroup
}

// New makes a line that is whole and fast.
func New() *Line {
	return &Line{traffic: Traffic{State: OK}, sessions: map[*session]struct{}{}, changed: make(chan struct{})}
}

// Traffic is how the line treats the bytes.
func (l *Line) Traffic() Traffic {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.traffic
}

// Connections counts those that there are.
func (l *Line) Connections() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.sessions)
}

// Change changes how the line treats the bytes, and reports whether that is a change. What was sent over a stalled line arrives when it is OK again, each
// byte once and in order. New connections are treated by the change when before is called, and the others after that; it may be nil.
func (l *Line) Change(how func(*Traffic), before func()) bool {
	l.mu.Lock()
	old := l.traffic
	how(&l.traffic)
	l.traffic.Delay, l.traffic.Jitter = max(l.traffic.Delay, 0), max(l.traffic.Jitter, 0)
	now := l.traffic
	if now == old || l.closed {
		l.mu.Unlock()
		return false
	}
	close(l.changed)
	l.changed = make(chan struct{})
	doomed := l.affected()
	l.mu.Unlock()

	if before != nil {
		before()
	}
	for _, s := range doomed {
		if now.State == Cut {
			s.reset()
		} else {
			s.interrupt() // its copying begins anew, under the new traffic
		}
	}
	return true
}

// Carry takes a connection over the line to what reach gives, until it ends. It returns at once.
func (l *Line) Carry(client *net.TCPConn, reach Reach) {
	s := &session{line: l, reach: reach, client: client, ended: make(chan struct{})}
	l.mu.Lock()
	welcome := !l.closed && l.traffic.State != Cut
	if welcome {
		l.sessions[s] = struct{}{}
		l.all.Go(s.run)
	}
	l.mu.Unlock()
	if !welcome {
		s.reset()
	}
}

func (l *Line) dismiss(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sessions, s)
}

// affected lists the sessions that there are. The caller holds mu.
func (l *Line) affected() []*session {
	var all []*session
	for s := range l.sessions {
		all = append(all, s)
	}
	return all
}

// now gives the present traffic, and a channel that is closed when it is no longer so.
func (l *Line) now() (Traffic, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.traffic, l.changed
}

// Close resets all connections and takes no more. It returns when nothing of them is left.
func (l *Line) Close() {
	l.mu.Lock()
	l.closed = true
	doomed := l.affected()
	l.mu.Unlock()
	for _, s := range doomed {
		s.reset()
	}
	l.all.Wait()
}
