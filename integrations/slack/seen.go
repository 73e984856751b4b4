package slack

import "sync"

// keptKeys is how many events are remembered; Slack's last redelivery comes
// after six minutes.
const keptKeys = 10000

// seen remembers the newest keys.
type seen struct {
	mu   sync.Mutex
	have map[string]bool
	ring []string
	next int
}

func newSeen(size int) *seen {
	return &seen{have: make(map[string]bool, size), ring: make([]string, size)}
}

// fresh reports whether the key is new, and remembers it. An event without a
// key is always new.
func (s *seen) fresh(key string) bool {
	if key == "" {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.have[key] {
		return false
	}
	delete(s.have, s.ring[s.next])
	s.have[key], s.ring[s.next] = true, key
	s.next = (s.next + 1) % len(s.ring)
	return true
}
