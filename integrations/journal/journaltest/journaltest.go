// Package journaltest is the contract of a journal as tests: one subtest for
// each promise that the ports rapbot.Operations, rapbot.Samples,
// alert.Inbox and rapbot.Notes make. Every journal must keep all of them, the one in memory and
// the one on disk alike.
package journaltest

import (
	"testing"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// Journal is all ports in one, as every journal implements them.
type Journal interface {
	rapbot.Operations
	rapbot.Samples
	alert.Inbox
	rapbot.Notes
	alert.Firings
}

// Operations checks the journal of operations. Open returns an empty one whose
// lease nobody holds; it closes it at the end of the test.
func Operations(t *testing.T, open func(t *testing.T) rapbot.Operations) {
	keep(t, open, leasePromises)
	keep(t, open, proposePromises)
	keep(t, open, appendPromises)
	keep(t, open, concurrencyPromises)
	keep(t, open, readPromises)
}

// Inbox checks the journal of what arrives. Open returns an empty one; it
// closes it at the end of the test.
func Inbox(t *testing.T, open func(t *testing.T) alert.Inbox) {
	keep(t, open, acceptPromises)
	keep(t, open, groupPromises)
	keep(t, open, shownPromises)
	keep(t, open, digestPromises)
	keep(t, open, unsettledPromises)
	keep(t, open, amendPromises)
	keep(t, open, firstTimePromises)
}

// Firings checks the memory of which alerts were explained. Open returns an
// empty journal; it closes it at the end of the test.
func Firings(t *testing.T, open func(t *testing.T) Journal) {
	keep(t, open, firingPromises)
}

// Samples checks the memory of where the regions stood. Open returns an empty
// one; it closes it at the end of the test.
func Samples(t *testing.T, open func(t *testing.T) rapbot.Samples) {
	keep(t, open, samplePromises)
}

// Notes checks the notes. Open returns an empty journal; it closes it at the
// end of the test.
func Notes(t *testing.T, open func(t *testing.T) rapbot.Notes) {
	keep(t, open, notePromises)
}

// Survival checks that a crash leaves everything that was acknowledged. Open
// returns an empty journal and a function that crashes it and returns what the
// next process finds.
func Survival(t *testing.T, open func(t *testing.T) (Journal, func() Journal)) {
	for _, p := range survivalPromises {
		t.Run(p.that, func(t *testing.T) {
			t.Parallel()
			j, crash := open(t)
			p.holds(t, j, crash)
		})
	}
}

// promise is one sentence of a port's contract.
type promise[J any] struct {
	that  string
	holds func(t *testing.T, j J)
}

func keep[J any](t *testing.T, open func(t *testing.T) J, promises []promise[J]) {
	for _, p := range promises {
		t.Run(p.that, func(t *testing.T) {
			t.Parallel()
			p.holds(t, open(t))
		})
	}
}
