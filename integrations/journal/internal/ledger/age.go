package ledger

import (
	"time"

	"github.com/rap-analyzer/rapbot"
)

// How long things are kept.
const (
	KeepDeliveries = 7 * 24 * time.Hour // once absorbed
	KeepKeys       = 24 * time.Hour
	KeepSamples    = rapbot.KeepSamples
)
