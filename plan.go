package rapbot

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is what a plan is for.
type Kind string

// The kinds of plans.
const (
	Switchover Kind = "switchover" // both sides healthy: loses nothing
	Failover   Kind = "failover"   // the primary is lost or fenced: may lose up to the stated bound
	Rejoin     Kind = "rejoin"     // a server that fell behind or went its own way becomes a replica again
	Deploy     Kind = "deploy"     // a version goes to regions, one after the other
	Rollback   Kind = "rollback"   // releases become what they were at an earlier revision
	Restart    Kind = "restart"    // pods are replaced, one after the other
	Scale      Kind = "scale"      // another number of pods
)

// OfReleases reports whether it is about what regions run, and not about who is
// the primary.
func (k Kind) OfReleases() bool {
	switch k {
	case Deploy, Rollback, Restart, Scale:
		return true
	}
	return false
}

// Wish is what somebody asks for. A plan is made from a wish and from what is
// observed, so it can be made again.
type Wish struct {
	Kind   Kind   `json:"kind"`
	Region string `json:"region"` // the primary to be; of a rejoin, the region that comes back
	Drill  Drill  `json:"drill,omitzero"`

	// What follows is of kinds that are about releases.
	Regions string `json:"regions,omitempty"` // separated by spaces; empty for all
	Version string `json:"version,omitempty"` // of a deploy: the tag of the image
	Install bool   `json:"install,omitempty"` // of a deploy: what is not there yet is installed, PostgreSQL included
	Part    Part   `json:"part,omitempty"`    // of a restart
	Pods    int    `json:"pods,omitempty"`    // of a scale
}

// Drill says that an operation is an exercise. An exercise goes there and
// comes back, each leg an operation with an approval of its own.
type Drill struct {
	Is bool   `json:"is,omitempty"`
	Of string `json:"of,omitempty"` // the operation that it began with; empty for that one itself
}

// Plan is what would be done, in order, computed from what was observed. It
// is data: rendering it is a dry run, running it is the runner's work.
type Plan struct {
	Kind      Kind      `json:"kind"`
	From      string    `json:"from"` // the primary now; of a failover, the one that is lost; of a rejoin, the region that comes back
	To        string    `json:"to"`   // the primary then
	Drill     Drill     `json:"drill,omitzero"`
	MadeAt    time.Time `json:"made_at"`
	Headline  string    `json:"headline,omitempty"`  // what has happened, in a sentence
	Witnesses []Witness `json:"witnesses,omitempty"` // who sees what of the lost primary
	Checks    []Check   `json:"checks"`
	Steps     []Step    `json:"steps"`
	Impact    Impact    `json:"impact"`
	Basis     []Fact    `json:"basis"` // what was decided upon; part of the digest

	Asked   *Wish           `json:"asked,omitempty"`   // of a plan about releases: what it was made for
	Changes []ReleaseChange `json:"changes,omitempty"` // of a plan about releases, in the order of the steps
}

// ReleaseChange is what a plan does to one release, for people.
type ReleaseChange struct {
	Region   string `json:"region"`
	Part     Part   `json:"part"`
	Name     string `json:"name"`     // Helm's name of the release
	Revision int    `json:"revision"` // now; 0 when it is not installed
	From     string `json:"from"`     // the version now
	To       string `json:"to"`       // the version then
	Objects  int    `json:"objects"`  // that differ
	Diff     string `json:"diff,omitempty"`
	Longer   bool   `json:"longer,omitempty"` // there is more to the diff than this
}

// Wish is what the plan was made for.
func (p Plan) Wish() Wish {
	if p.Asked != nil {
		return *p.Asked
	}
	w := Wish{Kind: p.Kind, Region: p.To, Drill: p.Drill}
	if p.Kind == Rejoin {
		w.Region = p.From
	}
	return w
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

// The steps of a failover besides promote, follow and clean-up.
const (
	StepFreeze StepKind = "freeze"       // E2: no replica receives anything, so positions stand still
	StepFence  StepKind = "fence"        // E5: the old primary takes no writes, as surely as can be had
	StepLevel  StepKind = "fast-forward" // E3: the target has all that any replica has
	StepWeigh  StepKind = "weigh-loss"   // E1 again, on what stands still: not worse than what was approved
	StepSlots  StepKind = "slots"        // the slots that the target will feed the others from
)

// The steps of a rejoin besides rejoin and clean-up.
const (
	StepAnchor  StepKind = "anchor"  // a row and a checkpoint on the primary, which the other must come to have
	StepHalt    StepKind = "halt"    // the server that comes back is stopped
	StepSalvage StepKind = "salvage" // what only it has is counted and copied
	StepRebuild StepKind = "rebuild" // its data follow the primary's: as they are, rewound, or copied anew
)

// The steps of plans about releases.
const (
	StepUpgrade StepKind = "upgrade" // a release becomes what Set says, and its pods are ready
	StepRevert  StepKind = "revert"  // a release becomes what it was at Revision, and its pods are ready
	StepGate    StepKind = "gate"    // the region is watched for a while: it does no worse than before
	StepRestart StepKind = "restart" // the pods of a part are replaced
)

// Step is one act of a plan, as data.
type Step struct {
	Kind     StepKind      `json:"kind"`
	Region   string        `json:"region"`
	Part     Part          `json:"part,omitempty"`
	Set      []string      `json:"set,omitempty"`      // of an upgrade: as Change.Set
	Revision int           `json:"revision,omitempty"` // of an upgrade: before it, 0 when there is none; of a revert: to it
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
	WritePause time.Duration `json:"write_pause"`       // expected; zero means none
	Loss       *Loss         `json:"loss,omitempty"`    // of a failover: what may be lost; an approval is for no more than this
	Discard    string        `json:"discard,omitempty"` // of a rejoin: what is thrown away, in words
}

// Lossless reports whether the plan loses nothing that was acknowledged.
func (i Impact) Lossless() bool { return i.Loss == nil }

// Digest is the identity of what was shown and would run (R2): kind, regions,
// steps, the facts decided upon, and the loss that an approval accepts. Figures
// that move by themselves (lag, ages) are in the checks, where limits bound
// them, and not here.
func (p Plan) Digest() string {
	b, err := json.Marshal(struct {
		Kind     Kind
		From, To string
		Drill    Drill `json:",omitzero"`
		Steps    []Step
		Basis    []Fact
		Loss     *lossFigures `json:",omitempty"`
	}{p.Kind, p.From, p.To, p.Drill, p.Steps, p.Basis, p.Impact.Loss.figures()})
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
func (p Plan) Title() string { return p.prefix() + p.Kind.words().order + p.subject() }

// Doing is the plan under way: "Switching over to us-west-2".
func (p Plan) Doing() string { return p.prefix() + p.Kind.words().doing + p.subject() }

// Done is the plan as an outcome: "Switched over to us-west-2".
func (p Plan) Done() string { return p.prefix() + fmt.Sprintf(p.Kind.words().done, p.subject()) }

// Noun is the plan as a thing: "Switchover to us-west-2".
func (p Plan) Noun() string { return p.Kind.words().noun + p.subject() }

func (p Plan) prefix() string {
	if p.Drill.Is {
		return "Drill: "
	}
	return ""
}

// wayBack is what to do about a plan that is past its point of no return.
func (p Plan) wayBack() string {
	switch p.Kind {
	case Failover:
		return "When it is done, bring " + p.From + " back with /rap rejoin " + p.From + "."
	case Rejoin, Deploy, Rollback, Restart, Scale:
		return "Follow its card."
	}
	return "To go back, switch over to " + p.From + " when it is done."
}

// subject is what it is about: for most a region.
func (p Plan) subject() string {
	w := p.Wish()
	switch p.Kind {
	case Deploy:
		what := w.Version
		if w.Install {
			what = strings.TrimSpace("everything at " + w.Version)
		}
		return what + " to " + and(p.regions())
	case Rollback:
		var each []string
		for _, c := range p.Changes {
			each = append(each, c.Region+" to "+c.To)
		}
		return and(each)
	case Restart:
		return w.Part.Noun() + " in " + w.Region
	case Scale:
		return w.Region + " to " + Count(w.Pods, "pod", "pods")
	}
	return w.Region
}

// regions are those of its changes, each once.
func (p Plan) regions() []string {
	var out []string
	for _, c := range p.Changes {
		if !slices.Contains(out, c.Region) {
			out = append(out, c.Region)
		}
	}
	return out
}

// and joins words as a sentence does.
func and(words []string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
	return strings.Join(words, "")
}

// verbs come before the region, but for done, in which it stands: a failover
// that worked does not begin with "failed".
type verbs struct{ order, doing, done, noun string }

func (k Kind) words() verbs {
	switch k {
	case Failover:
		return verbs{"Fail over to ", "Failing over to ", "%s took over", "Failover to "}
	case Rejoin:
		return verbs{"Rejoin ", "Rejoining ", "Rejoined %s", "Rejoin of "}
	case Deploy:
		return verbs{"Deploy ", "Deploying ", "Deployed %s", "Deploy of "}
	case Rollback:
		return verbs{"Roll back ", "Rolling back ", "Rolled back %s", "Rollback of "}
	case Restart:
		return verbs{"Restart ", "Restarting ", "Restarted %s", "Restart of "}
	case Scale:
		return verbs{"Scale ", "Scaling ", "Scaled %s", "Scaling of "}
	}
	return verbs{"Switch over to ", "Switching over to ", "Switched over to %s", "Switchover to "}
}

// Difference says in a sentence what of the things decided upon differs
// between two plans; empty when nothing does.
func (p Plan) Difference(now Plan) string {
	if was, is := p.Impact.Loss, now.Impact.Loss; was != nil && is != nil && is.WorseThan(*was) {
		return fmt.Sprintf("the loss that was accepted is %s, and it would be %s now.", was, is)
	}
	now.Impact.Loss = p.Impact.Loss // one that is no worse than the accepted one is accepted too
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
