package regions

import (
	"context"
	"net/http"
	"time"

	"github.com/rap-analyzer/rapbot/lab/api"
)

// darkStall is how long a command waits for a region that cannot be reached before it gives up.
const darkStall = 2 * time.Second

// SetReachable says whether instance commands reach the region. While they do not, each fails without an answer, as ssh into a region without a network
// does. The server itself is not touched.
func (s *Server) SetReachable(reachable bool) {
	if s.inbound.dark.Swap(!reachable) == reachable {
		s.fleet.log("%s: instance commands reach it: %t", s.Name, reachable)
	}
}

// Reachable tells whether instance commands reach the region.
func (s *Server) Reachable() bool { return !s.inbound.dark.Load() }

// Darken takes a region off the network: its links are silent and its commands give no answer. Its server lives on and knows nothing of it.
func (f *Fleet) Darken(region string) error {
	if err := f.Isolate(region, LinkStalled); err != nil {
		return err
	}
	f.Region(region).SetReachable(false)
	return nil
}

// Lighten brings a dark region back.
func (f *Fleet) Lighten(region string) error {
	if err := f.Isolate(region, LinkOK); err != nil {
		return err
	}
	f.Region(region).SetReachable(true)
	return nil
}

// awaitAnswer fails, after a while, when instance commands do not reach the region.
func (s *Server) awaitAnswer(ctx context.Context) error {
	if s.Reachable() {
		return nil
	}
	sleep(ctx, darkStall)
	return api.Refuse(http.StatusGatewayTimeout, "no answer from %s", s.Name)
}
