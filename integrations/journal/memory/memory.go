// Package memory is a journal that lives and dies with its process: for plays
// and for tests. It promises what the journal on disk promises, durability
// excepted, and passes the same suite.
//
// A play's crash keeps the Journal and starts a new bot on it; the new bot
// acquires the lease, and what is left of the old one is refused as superseded.
package memory

import (
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/integrations/journal/internal/ledger"
)

var (
	_ rapbot.Operations = (*Journal)(nil)
	_ rapbot.Samples    = (*Journal)(nil)
	_ alert.Inbox       = (*Journal)(nil)
	_ rapbot.Notes      = (*Journal)(nil)
	_ alert.Firings     = (*Journal)(nil)
)

// Journal keeps everything in its encoded form, so that nothing a caller holds
// is shared with it.
type Journal struct {
	mu         sync.Mutex
	term       rapbot.Term
	operations [][][]byte // operation N is at N-1; its records in order
	open       int        // number of the open operation; 0 for none

	samples []ledger.SampleRow // oldest first

	deliveries []delivery        // by number
	last       int64             // number of the newest delivery, kept or not
	newest     map[string]string // group ID to the key of its newest delivery
	groups     map[string]group
	digests    map[string][]byte // by channel
	seen       map[string]time.Time

	notes map[string]string // nil until there is one
}

// New returns an empty journal.
func New() *Journal {
	return &Journal{newest: map[string]string{}, groups: map[string]group{}, digests: map[string][]byte{}, seen: map[string]time.Time{}}
}
