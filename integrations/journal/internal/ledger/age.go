package ledger

import "time"

// How long things are kept.
const (
	KeepDeliveries = 7 * 24 * time.Hour // once absorbed
	KeepKeys       = 24 * time.Hour
	KeepSamples    = 24 * time.Hour
)
