package scenarios

import (
	"fmt"
	"os"
	"testing"

	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// shared is the world with links that the tests of emergencies take turns in:
// a world takes ten seconds to start. Each test leaves it whole; one that
// fails takes it down with it.
var shared struct {
	world *world.World
	end   func() error
	gone  map[int64]bool
}

// share is the shared world, whole.
func share(t *testing.T) *stage {
	t.Helper()
	if shared.world == nil {
		shared.world, shared.end = raise(t, true)
		shared.gone = map[int64]bool{}
	}
	s := &stage{T: t, World: shared.world, gone: shared.gone}
	t.Cleanup(func() {
		tellLog(t, s.World)
		if t.Failed() {
			leave()
		}
	})
	s.wholeFleet()
	return s
}

// leave ends the shared world.
func leave() {
	if shared.world == nil {
		return
	}
	if err := shared.end(); err != nil {
		fmt.Fprintln(os.Stderr, "close the shared world:", err)
	}
	shared.world = nil
}

// newlyLost lists the acknowledged rows that the primary lacks and that no
// earlier emergency has lost.
func (s *stage) newlyLost() map[int64]bool {
	s.Helper()
	check, err := s.Writer.Check(s.Context())
	s.must(err)
	lost := map[int64]bool{}
	for _, id := range check.Lost {
		if !s.gone[id] {
			lost[id] = true
			s.gone[id] = true
		}
	}
	return lost
}

// onePrimary ends the probe and checks that there never were two (R4), and
// that nothing is lost that has not been accounted for.
func (s *stage) onePrimary(probe *regions.Probe) {
	s.Helper()
	probe.Stop()
	samples := probe.Samples()
	if two := probe.TwoWritable(); len(two) > 0 {
		s.Errorf("two writable primaries %d times, first: %+v", len(two), two[0])
	}
	if lost := s.newlyLost(); len(lost) > 0 {
		s.Errorf("%d acknowledged rows are lost that no failover has accounted for", len(lost))
	}
	if len(samples) == 0 {
		s.Error("the probe has not looked")
	}
	s.Logf("%d probe samples, two writable primaries %d times", len(samples), len(probe.TwoWritable()))
}
