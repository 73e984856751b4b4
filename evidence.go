package rapbot

import "time"

// What the steps of a change of primary leave behind as evidence, by key.
// Times are RFC 3339 with nanoseconds, positions are in PostgreSQL's form.
const (
	EvWritesStopped = "writes_stopped_at" // the last session that could write was ended
	EvWritesBack    = "writes_back_at"    // a write was committed on the new primary
	EvRevision      = "revision"          // followed by ".region.part": the revision that a release has now
	EvMarker        = "marker_lsn"        // the marker row lies before this position
	EvProof         = "proof"             // which Proof was given
	EvShutdown      = "shutdown_lsn"      // end of the old primary's shutdown checkpoint, when the proof reaches that far
	EvOldTimeline   = "old_timeline"
	EvNewTimeline   = "new_timeline"
	EvSlotsMade     = "slots_made" // slots that the operation made, comma-separated

	EvFrozen    = "frozen"     // regions that were kept from receiving, comma-separated
	EvFrozenAt  = "frozen_at"  // since when
	EvFence     = "fence"      // one of the Fence constants
	EvFencedBy  = "fenced_by"  // every way that was tried and what came of it, one a line
	EvFork      = "fork_lsn"   // where the new primary's history leaves the old one's
	EvLossBytes = "loss_bytes" // of a failover: WAL that was really lost, once it was counted
	EvLost      = "lost"       // transactions that were really lost, once they were counted
	EvSaved     = "saved"      // where the log that was lost has been copied to
	EvMethod    = "method"     // of a rejoin: one of the Method constants
	EvProgress  = "progress"   // of a rejoin: bytes copied, of how many
)

// How surely a primary was fenced.
const (
	FenceConfirmed   = "confirmed"   // it is stopped, seen by what runs it
	FenceAssumed     = "assumed"     // it stops by itself, and the time for that is over
	FenceUnconfirmed = "unconfirmed" // nothing shows it; a person has accepted that
)

// EvAccepted is the key under which stands who accepted a step's risk.
func EvAccepted(kind StepKind) string { return "accepted_" + string(kind) }

// Gap is how long nothing accepted writes, as the steps measured it; zero
// while it is not known.
func (o Operation) Gap() time.Duration {
	from, err1 := time.Parse(time.RFC3339Nano, o.Evidence[EvWritesStopped])
	to, err2 := time.Parse(time.RFC3339Nano, o.Evidence[EvWritesBack])
	if err1 != nil || err2 != nil {
		return 0
	}
	return max(0, to.Sub(from))
}
