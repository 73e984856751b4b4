package kubernetes

import (
	"context"
	"net"
	"sync"

	"github.com/rap-analyzer/rapbot/lab/line"
)

// Outside is the viewer that is in no region: the bot, and whoever works with the lab.
const Outside = "outside"

// Line is the way from a viewer, a region or Outside, to a region: to the addresses of its Services, and from Outside to its API server as well. It can be
// cut, stalled and slowed down. It is nil for what is no region, and within one.
func (l *Lab) Line(viewer, region string) *line.Line { return l.lines[way{viewer, region}] }

type way struct{ viewer, region string }

// layLines makes a line for every way between regions and from outside.
func (l *Lab) layLines() {
	l.lines = map[way]*line.Line{}
	for _, to := range l.opt.Names {
		for _, from := range append([]string{Outside}, l.opt.Names...) {
			if from != to {
				l.lines[way{from, to}] = line.New()
			}
		}
	}
}

// Isolate puts all lines to and from a region into a state, those from outside included; line.OK joins it again. To itself a region stays whole.
// Nobody is told from within the dark that a server has ended there: the addresses of its Services go on taking connections.
func (l *Lab) Isolate(region string, how line.State) {
	for way, one := range l.lines {
		if way.viewer == region || way.region == region {
			one.Change(func(t *line.Traffic) { t.State = how }, nil)
		}
	}
	if r := l.Region(region); r != nil && r.Node != nil {
		r.Node.HoldDoors(how == line.Stalled)
	}
	l.opt.Log("all lines of %s: %s", region, how)
}

// lineTo finds the line over which a connection comes to a region, by who has its other end.
func (l *Lab) lineTo(region, inode string) *line.Line {
	for _, from := range l.regions {
		if from.Node == nil || !from.Node.Holds(inode) {
			continue
		}
		if from.Name == region {
			return nil
		}
		return l.Line(from.Name, region)
	}
	return l.Line(Outside, region)
}

// gate leads from outside to a region's API server, over the line that is for that. It
// refuses connections while the API server does not run.
type gate struct {
	region *Region

	mu        sync.Mutex
	listener  net.Listener
	accepting sync.WaitGroup
}

func (g *gate) open(wanted bool) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case wanted && g.listener == nil:
		listener, err := line.Listen(g.region.outside.Addr())
		if err != nil {
			return err
		}
		g.listener = listener
		g.accepting.Go(func() { g.acceptFrom(listener) })
	case !wanted && g.listener != nil:
		_ = g.listener.Close()
		g.listener = nil
		g.accepting.Wait()
	}
	return nil
}

func (g *gate) acceptFrom(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return // closed: open did
		}
		g.region.lab.Line(Outside, g.region.Name).Carry(conn.(*net.TCPConn), func(ctx context.Context) (*net.TCPConn, error) {
			return line.Dial(ctx, g.region.api.Addr())
		})
	}
}
