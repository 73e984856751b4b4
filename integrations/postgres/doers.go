package postgres

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// Doers carry out the steps of a switchover and of a failover.
func (f *Fleet) Doers() map[rapbot.StepKind]rapbot.Doer {
	return map[rapbot.StepKind]rapbot.Doer{
		rapbot.StepPrepare: prepare{f},
		rapbot.StepBlock:   block{f},
		rapbot.StepCatchUp: catchUp{Fleet: f},
		rapbot.StepStop:    stop{f},
		rapbot.StepProve:   prove{Fleet: f},
		rapbot.StepPromote: promote{Fleet: f},
		rapbot.StepFollow:  follow{Fleet: f},
		rapbot.StepRejoin:  rejoin{Fleet: f},
		rapbot.StepTidy:    tidy{Fleet: f},

		rapbot.StepFreeze: freeze{f},
		rapbot.StepFence:  fence{Fleet: f},
		rapbot.StepLevel:  level{f},
		rapbot.StepWeigh:  weigh{Fleet: f},
		rapbot.StepSlots:  slots{f},

		rapbot.StepAnchor:  anchor{Fleet: f},
		rapbot.StepHalt:    halt{f},
		rapbot.StepSalvage: salvage{Fleet: f},
		rapbot.StepRebuild: rebuild{Fleet: f},
	}
}

// nothingToUndo is the Undo of a step that leaves nothing behind.
type nothingToUndo struct{}

func (nothingToUndo) Undo(context.Context, rapbot.StepRun) (rapbot.Finding, error) {
	return rapbot.Finding{Holds: true}, nil
}

// Keys of evidence that only people read.
const (
	evStoppedAt     = "stopped_at"
	evPromotedAt    = "promoted_at"
	evPromoted      = "promoted_lsn"
	evTargetReplay  = "target_replay_lsn"
	evCheckpointed  = "checkpointed_at"
	evBystanders    = "bystanders"
	evFinalPrimary  = "final_primary"
	evFinalPosition = "final_lsn"
	evFinalReplicas = "final_replicas"
)

func holds(evidence map[string]string, format string, args ...any) (rapbot.Finding, error) {
	maps.DeleteFunc(evidence, func(_, v string) bool { return v == "" })
	return rapbot.Finding{Holds: true, Detail: fmt.Sprintf(format, args...), Evidence: evidence}, nil
}

func awaited(format string, args ...any) (rapbot.Finding, error) {
	return rapbot.Finding{Detail: fmt.Sprintf(format, args...)}, nil
}

// stamp is a time as evidence.
func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// plannedTimeline is the timeline that the plan was made on, zero if it says none.
func plannedTimeline(p rapbot.Plan) uint32 {
	n, _ := strconv.ParseUint(p.Fact(rapbot.FactTimeline), 10, 32) // zero when it is no number
	return uint32(n)
}

// slotsFor lists the slots that a region needs to feed all the others.
func (f *Fleet) slotsFor(name string) []string {
	var slots []string
	for _, r := range f.regions {
		if r.Name != name {
			slots = append(slots, r.Slot)
		}
	}
	return slots
}

// instance is what starts and stops a region's server. Code Precondition when
// nothing is configured.
func (f *Fleet) instance(name string) (rapbot.Instance, error) {
	if r := f.region(name); r != nil && r.Instance != nil {
		return r.Instance, nil
	}
	return nil, notNow("rapbot has not been told how to stop and start %s.", name)
}

// proves reports whether the word of who runs a server is proof that it is
// stopped.
func proves(i rapbot.Instance) bool {
	p, is := i.(rapbot.Prover)
	return is && p.Proves()
}

// listenTime is how long an answer is waited for from a server that is proven
// to be stopped.
const listenTime = 300 * time.Millisecond
