package postgres

import (
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// grantsKeep is how long the list of missing grants is good for.
const grantsKeep = time.Minute

// memory is what is known of one region.
type memory struct {
	mu       sync.Mutex
	began    time.Time // when the look began that sighting comes from
	sighting rapbot.Sighting
	flowed   time.Time // when WAL was last known to arrive here
	grants   []string
	grantsAt time.Time
}

func newMemory(name string) *memory {
	return &memory{sighting: rapbot.Sighting{Region: name, Fault: "not asked yet"}}
}

func (m *memory) now() (rapbot.Sighting, time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sighting, m.flowed
}

// dark reports that the last look got no answer. Before the first look nothing
// is known, so nothing is dark.
func (m *memory) dark() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return !m.began.IsZero() && !m.sighting.Answered
}

// keep takes in what a look brought and returns what was known before. Looks
// may overlap: the one that began last counts, whichever ends last.
func (m *memory) keep(began time.Time, s rapbot.Sighting) (before rapbot.Sighting, kept bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before = m.sighting
	if began.Before(m.began) {
		return before, false
	}
	m.began = began
	if s.Answered {
		s.LastAnswer = s.At
		if at := flowing(s); at.After(m.flowed) {
			m.flowed = at
		}
	} else {
		s.Server, s.LastAnswer = before.Server, before.LastAnswer
		if s.Refused() && before.Refused() {
			s.RefusedSince = before.RefusedSince
		}
	}
	m.sighting = s
	return before, true
}

// flowing is when WAL was last known to flow, by rapbot's clock, as far as one
// answer shows. A receiver that hangs still calls itself streaming, so its
// last message counts and not its word.
func flowing(s rapbot.Sighting) time.Time {
	switch r := s.Server.Receiver; {
	case !s.Server.InRecovery:
		return s.At // a primary has all there is
	case r.Streaming() && !r.LastMessage.IsZero():
		return s.At.Add(-max(0, s.Server.Clock.Sub(r.LastMessage)))
	}
	return time.Time{}
}

func (m *memory) grantsDue(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.grantsAt.IsZero() || now.Sub(m.grantsAt) >= grantsKeep
}

func (m *memory) keepGrants(missing []string, at time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.grants, m.grantsAt = missing, at
}

func (m *memory) missingGrants() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.grants
}
