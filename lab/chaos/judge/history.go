package judge

import (
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// History is what was seen of one run. All times are of this machine's one clock.
type History struct {
	Began, Ended time.Time

	Acked   []regions.Ack     // rows acknowledged in the run, in order
	Missing []regions.Ack     // of all that were ever acknowledged, those that the primary lacks since this run
	Ports   map[uint16]string // the region behind a port that the application connects to
	Samples []regions.Sample  // of the probe

	Operations []rapbot.Operation // that the run began, oldest first, as the journal has them at the end
	Blows      []Blow             // what was done to the world
	Losses     []CountedLoss      // what the lab itself counted in the logs of primaries that were replaced
	Refusals   []Refusal          // what people tried that must not work
	Skewed     bool               // rapbot's clock was moved, so the journal's times are not this machine's

	Fleet   []Standing // every region at the end
	Mended  []string   // what only the lab could bring back, rapbot having failed to
	Secrets []string   // where a secret of the lab was seen, without the secret
}

// Blow is one thing that was done to the world.
type Blow struct {
	At     time.Time `json:"at"`
	What   string    `json:"what"`             // kill, freeze, cut…
	Region string    `json:"region,omitempty"` // empty when it was rapbot's, or a link's
	Detail string    `json:"detail,omitempty"`
	Vain   string    `json:"vain,omitempty"` // why it could not be done
}

// CountedLoss is what a replaced primary had that its successor lacks, read from its data by the lab.
type CountedLoss struct {
	Operation string `json:"operation"`
	Bytes     int64  `json:"bytes"`
	Commits   int    `json:"commits"`
}

// Refusal is an act that must be refused, and what came of it.
type Refusal struct {
	What string `json:"what"`
	Want string `json:"want"` // words of the refusal
	Told string `json:"told"` // what the person was told, empty for nothing
}

// Standing is one region at the end of a run.
type Standing struct {
	Region    string            `json:"region"`
	Role      string            `json:"role"`
	Timeline  int               `json:"timeline"`
	Streaming bool              `json:"streaming"`
	Fresh     bool              `json:"fresh"`              // the row that was written last is there
	Altered   map[string]string `json:"altered,omitempty"`  // settings that are not as declared
	Slots     []string          `json:"slots,omitempty"`    // replication slots there
	Expected  []string          `json:"expected,omitempty"` // the slots that belong there
	Silence   string            `json:"silence,omitempty"`  // why it gave no answer
}

// killed reports whether a server was killed or stopped by a hand other than rapbot's.
func (h History) killed(region string) bool {
	for _, b := range h.Blows {
		if b.Region == region && b.Vain == "" && (b.What == "kill" || b.What == "stop") {
			return true
		}
	}
	return false
}

// promotions are the operations that made a region the primary, oldest first.
func (h History) promotions() []rapbot.Operation {
	var all []rapbot.Operation
	for _, o := range h.Operations {
		if o.Plan.Kind != rapbot.Rejoin && promotedAt(o) != (time.Time{}) {
			all = append(all, o)
		}
	}
	return all
}

// promotedAt is when the journal says that the promotion was over.
func promotedAt(o rapbot.Operation) time.Time {
	for i, s := range o.Plan.Steps {
		if s.Kind == rapbot.StepPromote && o.Steps[i].Status == rapbot.StepDone {
			return o.Steps[i].Ended
		}
	}
	return time.Time{}
}

// riskAccepted reports whether a person let somebody be promoted though nothing showed that the old primary was fenced.
func (h History) riskAccepted() bool {
	for _, o := range h.Operations {
		for _, r := range o.Records {
			if r.Kind == rapbot.RecAnswered && r.Text == rapbot.AnswerProceed {
				return true
			}
		}
	}
	return false
}

// failovers are the promotions that may have lost something. A failover that was begun to promote and whose end is not in
// the journal counts, since it may have.
func (h History) failovers() []rapbot.Operation {
	var all []rapbot.Operation
	for _, o := range h.Operations {
		if o.Plan.Kind == rapbot.Failover && o.Committed() {
			all = append(all, o)
		}
	}
	return all
}
