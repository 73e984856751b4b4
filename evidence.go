package rapbot

import "time"

// What the steps of a change of primary leave behind as evidence, by key.
// Times are RFC 3339 with nanoseconds, positions are in PostgreSQL's form.
const (
	EvWritesStopped = "writes_stopped_at" // the last session that could write was ended
	EvWritesBack    = "writes_back_at"    // a write was committed on the new primary
	EvMarker        = "marker_lsn"        // the marker row lies before this position
	EvProof         = "proof"             // which Proof was given
	EvShutdown      = "shutdown_lsn"      // end of the old primary's shutdown checkpoint, when the proof reaches that far
	EvOldTimeline   = "old_timeline"
	EvNewTimeline   = "new_timeline"
	EvSlotsMade     = "slots_made" // slots that the operation made, comma-separated
)

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
