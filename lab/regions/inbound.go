package regions

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rap-analyzer/rapbot/lab/wait"

	"github.com/rap-analyzer/rapbot/lab/child"
)

// inbound is how the others reach a server: the links that lead to it, and whether instance commands find a way.
type inbound struct {
	links []*Link
	dark  atomic.Bool // instance commands get no answer

	leave     context.CancelFunc // ends the following of the present process; nil before the first
	following sync.WaitGroup

	mu    sync.Mutex
	doubt chan struct{} // closed when a link finds that nothing listens; nil while that is known anyway
}

// follow keeps the links in step with the life of a server process: they listen from when it does until it ends. A process that lives and does not listen
// any more (one that only guards the server, say) is found out by the first connection that it refuses. The caller
// holds life.
func (s *Server) follow(p *child.Child) {
	in := &s.inbound
	if len(in.links) == 0 {
		return
	}
	in.forget() // its last word must not come after our first
	ctx, cancel := context.WithCancel(context.Background())
	in.leave = cancel
	in.following.Go(func() {
		for s.awaitListening(ctx, p) {
			doubt := in.open()
			select {
			case <-p.Done():
			case <-doubt:
			case <-ctx.Done():
			}
			in.shut()
		}
	})
}

// forget ends the following of a server process.
func (in *inbound) forget() {
	if in.leave != nil {
		in.leave()
		in.following.Wait()
	}
}

func (in *inbound) open() (doubt <-chan struct{}) {
	for _, link := range in.links {
		link.serve(true)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.doubt = make(chan struct{})
	return in.doubt
}

func (in *inbound) shut() {
	for _, link := range in.links {
		link.serve(false)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.doubt = nil
}

// suspect says that the server refused a connection.
func (in *inbound) suspect() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.doubt != nil {
		close(in.doubt)
		in.doubt = nil
	}
}

// awaitListening tries the server's own port until it takes a connection. A refused try costs the server nothing; the one that is taken costs it a backend
// that ends at once, without a line in its log.
func (s *Server) awaitListening(ctx context.Context, p *child.Child) bool {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	err := wait.Until(ctx, 5*glance, func() bool {
		if !p.Alive() {
			cancel()
			return false
		}
		try, done := context.WithTimeout(ctx, time.Second)
		defer done()
		conn, err := dial(try, s.Port)
		if err != nil {
			return false
		}
		_ = conn.Close()
		return true
	})
	return err == nil
}
