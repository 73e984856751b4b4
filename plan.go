package rapbot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
)

// Kind is what a plan is for.
type Kind string

// Switchover is a planned change of primary that loses nothing.
const Switchover Kind = "switchover"

// Plan is what would be done, in order, computed from what was observed. It
// is data: rendering it is a dry run, running it is the runner's work.
type Plan struct {
	Kind   Kind      `json:"kind"`
	From   string    `json:"from"` // the primary now
	To     string    `json:"to"`   // the primary then
	MadeAt time.Time `json:"made_at"`
	Checks []Check   `json:"checks"`
	Steps  []Step    `json:"steps"`
	Impact Impact    `json:"impact"`
	Basis  []Fact    `json:"basis"` // what was decided upon; part of the digest
}

// Verdict is the outcome of a Check.
type Verdict string

// The verdicts. A Warn is told and approved with; a Fail keeps the plan from
// running.
const (
	Pass Verdict = "pass"
	Warn Verdict = "warn"
	Fail Verdict = "fail"
)

// Check is one thing looked at before a plan may run.
type Check struct {
	Name    string  `json:"name"`
	Verdict Verdict `json:"verdict"`
	Detail  string  `json:"detail"` // value and limit, in words
	Fix     string  `json:"fix,omitempty"`
}

// StepKind names what a step does; an adapter knows how.
type StepKind string

// The steps of a switchover, in order. The numbers P3 to P12 used in comments
// elsewhere are theirs.
const (
	StepPrepare StepKind = "prepare"       // P3: slots on the target, checkpoints, lag drained
	StepBlock   StepKind = "block-writers" // P4: the window opens
	StepCatchUp StepKind = "catch-up"      // P5: marker row, first proof
	StepStop    StepKind = "stop"          // P6: the old primary is stopped
	StepProve   StepKind = "prove"         // P7: second proof, from the target's own WAL
	StepPromote StepKind = "promote"       // P8: the point of no return; the window closes
	StepRejoin  StepKind = "rejoin"        // P11: the old primary comes back as a replica
	StepFollow  StepKind = "follow"        // P10: another replica follows the new primary
	StepTidy    StepKind = "clean-up"      // P12: nothing of the operation is left behind
)

// Step is one act of a plan, as data.
type Step struct {
	Kind     StepKind      `json:"kind"`
	Region   string        `json:"region"`
	Title    string        `json:"title"`
	Deadline time.Duration `json:"deadline"`           // until the post-condition must hold, acting included
	Undo     string        `json:"undo,omitempty"`     // what undoing it does; empty when there is nothing to undo
	Commits  bool          `json:"commits,omitempty"`  // the point of no return: forward only from here
	Optional bool          `json:"optional,omitempty"` // its failure is reported and the operation goes on
	Leave    bool          `json:"leave,omitempty"`    // what cannot be undone of it at once is left to mend; nothing waits for it
}

// Fact is one thing a plan was decided upon.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Impact is what people will notice.
type Impact struct {
	WritePause time.Duration `json:"write_pause"` // expected; zero means none
	LossBytes  int64         `json:"loss_bytes"`  // bound on acknowledged WAL that may be lost
	LossTime   time.Duration `json:"loss_time"`
}

// Lossless reports whether the plan loses nothing that was acknowledged.
func (i Impact) Lossless() bool { return i.LossBytes == 0 && i.LossTime == 0 }

// Digest is the identity of what would run (R2): kind, regions, steps and the
// facts decided upon. Figures that move by themselves (lag, ages) are in the
// checks, where limits bound them, and not here.
func (p Plan) Digest() string {
	b, err := json.Marshal(struct {
		Kind     Kind
		From, To string
		Steps    []Step
		Basis    []Fact
	}{p.Kind, p.From, p.To, p.Steps, p.Basis})
	if err != nil {
		panic("rapbot: a plan is plain data: " + err.Error()) // cannot happen
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// ShortDigest is the part of a digest that people compare by eye.
func (p Plan) ShortDigest() string { return p.Digest()[:8] }

// Runnable reports whether no check failed.
func (p Plan) Runnable() bool { return len(p.ChecksWith(Fail)) == 0 }

// ChecksWith returns the checks of that verdict.
func (p Plan) ChecksWith(v Verdict) []Check {
	var out []Check
	for _, c := range p.Checks {
		if c.Verdict == v {
			out = append(out, c)
		}
	}
	return out
}

// Title is the plan as an order: "Switch over to us-west-2".
func (p Plan) Title() string { return "Switch over to " + p.To }

// Done is the plan as an outcome: "Switched over to us-west-2".
func (p Plan) Done() string { return "Switched over to " + p.To }

// Difference says in a sentence what of the things decided upon differs
// between two plans; empty when nothing does.
func (p Plan) Difference(now Plan) string {
	if p.Digest() == now.Digest() {
		return ""
	}
	var changes []string
	for _, was := range p.Basis {
		if is := now.Fact(was.Name); is != was.Value {
			changes = append(changes, was.Name+" was "+was.Value+" and is now "+is)
		}
	}
	if len(changes) == 0 {
		return "its steps are others now."
	}
	return strings.Join(changes, "; ") + "."
}
