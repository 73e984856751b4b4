package play

import (
	"fmt"
	"strings"
	"time"
)

// Aim is what people want in a run.
type Aim string

// The aims.
const (
	Switchover Aim = "switchover"
	Emergency  Aim = "emergency" // the primary is lost
	Rejoin     Aim = "rejoin"    // a replica is lost and comes back
)

// How the server of an emergency or of a rejoin is lost.
const (
	HowKilled  = "killed"
	HowStalled = "stalled" // its links hang; instance commands work
	HowCut     = "cut"     // its links refuse; instance commands work
	HowDark    = "dark"    // its links hang and instance commands give no answer
	HowStopped = "stopped"
	HowSlot    = "slot lost" // and the primary has given its slot up
)

// Role is a region's part in a run.
type Role string

// The roles, as they are when the run begins.
const (
	Primary   Role = "primary"
	Target    Role = "target"    // of a rejoin: the region that comes back
	Bystander Role = "bystander" // the other replica
)

// Scenario is one run.
type Scenario struct {
	Seed         uint64        `json:"seed"`
	Run          int           `json:"run"`
	Aim          Aim           `json:"aim"`
	How          string        `json:"how,omitempty"`
	Target       int           `json:"target"` // the first or the second replica, by name
	Disturbances []Disturbance `json:"disturbances,omitempty"`
	Answers      []Answer      `json:"answers"`            // to the questions of the run, in their order
	BotAway      time.Duration `json:"bot_away"`           // how long rapbot stays down when it dies
	Refusals     bool          `json:"refusals,omitempty"` // the requester tries to approve, and an approval is pressed twice
}

// Answer is what the right person presses when an operation needs a decision. Where there is no such button, it is Try Again.
type Answer string

// The answers.
const (
	TryAgain      Answer = "Try Again"
	RollBack      Answer = "Roll Back"
	PromoteAnyway Answer = "Promote Anyway"
	StopHere      Answer = "Stop Here"
)

// Act is what a disturbance does.
type Act string

// The acts. What has an opposite is taken back after a while.
const (
	Crash       Act = "crash"        // kill -9 of rapbot at a point of a step
	KillBot     Act = "kill-bot"     // at a moment
	Kill        Act = "kill"         // of a server, which starts again after a while
	Restart     Act = "restart"      // of the dead primary, by hand
	Freeze      Act = "freeze"       // of a replica's WAL receiver
	PauseReplay Act = "pause-replay" //
	LoseSlot    Act = "lose-slot"    //
	Cut         Act = "cut"          // of the link between two viewers
	Stall       Act = "stall"        //
	Delay       Act = "delay"        //
	ClockJump   Act = "clock-jump"   // of rapbot's clock
	TwoAtOnce   Act = "two-at-once"  // a second operator wants the same at the same time
	PressStop   Act = "press-stop"   // somebody asks to stop and roll back
)

// Cue is the moment from which a disturbance's delay counts. "step X" is when step X begins.
type Cue string

// The cues.
const (
	AtProposal Cue = "proposal"
	AtApproval Cue = "approval"
	stepPrefix     = "step "
)

// Disturbance is one thing that goes wrong.
type Disturbance struct {
	Act    Act           `json:"act"`
	Who    Role          `json:"who,omitempty"`
	Other  string        `json:"other,omitempty"` // of a link: a role, bot or app
	Point  string        `json:"point,omitempty"` // of a crash: "during promote"
	Cue    Cue           `json:"cue,omitempty"`
	After  time.Duration `json:"after,omitempty"`  // the cue
	For    time.Duration `json:"for,omitempty"`    // until it is taken back
	Amount time.Duration `json:"amount,omitempty"` // of a clock jump or a delay
}

// String tells a disturbance in one line.
func (d Disturbance) String() string {
	var b strings.Builder
	b.WriteString(string(d.Act))
	for _, part := range []string{string(d.Who), d.Other, d.Point} {
		if part != "" {
			b.WriteString(" " + part)
		}
	}
	if d.Amount != 0 {
		fmt.Fprintf(&b, " by %s", d.Amount)
	}
	if d.Cue != "" {
		fmt.Fprintf(&b, " %s after %s", d.After, d.Cue)
	}
	if d.For > 0 {
		fmt.Fprintf(&b, " for %s", d.For)
	}
	return b.String()
}

// Title is the run's operation in short.
func (s Scenario) Title() string {
	if s.How == "" {
		return string(s.Aim)
	}
	return string(s.Aim) + ", " + s.How
}

// String tells the scenario in one line.
func (s Scenario) String() string {
	var all []string
	for _, d := range s.Disturbances {
		all = append(all, d.String())
	}
	if len(all) == 0 {
		all = []string{"undisturbed"}
	}
	return s.Title() + ": " + strings.Join(all, "; ")
}
