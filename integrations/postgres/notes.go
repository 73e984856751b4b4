package postgres

import (
	"maps"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// note is what this process remembers of the operation it carries out. It
// saves round trips inside the write window and makes times finer; everything
// works without it, as it must after a crash.
type note struct {
	readOnlySince time.Time  // when the setting took effect, by the server's clock
	proven        bool       // a fresh session was seen to be read-only
	writesStopped time.Time  // when the last session that could write was ended
	marker        rapbot.LSN // the end of the log after the marker row
	promoted      time.Time  // when the target was first seen to be a primary
	reset         []string   // regions whose setting was taken back

	frozen []string              // regions that were frozen
	silent []string              // regions that could not be, because they gave no answer
	before map[string]slotBefore // what they streamed through, by region
	fork   rapbot.LSN            // where the target stood when it was told to become the primary
	fence  []string              // what came of stopping the old primary

	wordless time.Time // since when the old primary's instance gives no word
}

// withRegion is a map with one more region in it. Notes are read without a
// lock, so a map that is in one of them does not change.
func withRegion(m map[string]slotBefore, name string, before slotBefore) map[string]slotBefore {
	next := maps.Clone(m)
	if next == nil {
		next = map[string]slotBefore{}
	}
	next[name] = before
	return next
}

// notebook holds the note of one operation: there is one at a time.
type notebook struct {
	mu        sync.Mutex
	operation string
	note      note
}

func (n *notebook) read(operation string) note {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.operation != operation {
		return note{}
	}
	return n.note
}

func (n *notebook) write(operation string, change func(*note)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.operation != operation {
		n.operation, n.note = operation, note{}
	}
	change(&n.note)
}
