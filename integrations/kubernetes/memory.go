package kubernetes

import (
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// memory is what is known of one region.
type memory struct {
	mu      sync.Mutex
	began   time.Time // when the look began that cluster comes from
	cluster rapbot.Cluster
}

func newMemory(region string) *memory {
	return &memory{cluster: rapbot.Cluster{Region: region, Fault: "not asked yet"}}
}

func (m *memory) now() rapbot.Cluster {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cluster
}

// keep takes in what a look brought and returns what was known before. Looks
// may overlap: the one that began last counts, whichever ends last. Without an
// answer everything else stays as it was last seen.
func (m *memory) keep(began time.Time, c rapbot.Cluster) (before rapbot.Cluster, kept bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before = m.cluster
	if began.Before(m.began) {
		return before, false
	}
	m.began = began
	if c.Answered {
		c.LastAnswer = c.At
	} else {
		c = dark(before, c.At, c.Fault)
	}
	m.cluster = c
	return before, true
}

// dark is a cluster that gives no answer: what was last seen of it, and why
// there is nothing newer.
func dark(c rapbot.Cluster, at time.Time, fault string) rapbot.Cluster {
	c.At, c.Answered, c.Fault = at, false, fault
	return c
}
