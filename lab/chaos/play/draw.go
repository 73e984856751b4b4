package play

import (
	"math/rand/v2"
	"time"
)

// Draw makes run number n of a seed.
func Draw(seed uint64, n int) Scenario {
	r := dice{rand.New(rand.NewPCG(seed, uint64(n)))}
	s := Scenario{Seed: seed, Run: n, Target: r.IntN(2), BotAway: r.between(0, time.Second)}
	switch {
	case r.chance(58):
		s.Aim = Switchover
	case r.chance(80):
		s.Aim = Emergency
		s.How = r.weighted(choice{HowKilled, 70}, choice{HowStalled, 12}, choice{HowCut, 10}, choice{HowDark, 8})
	default:
		s.Aim = Rejoin
		s.How = r.weighted(choice{HowStopped, 50}, choice{HowKilled, 35}, choice{HowSlot, 15})
	}
	for range r.IntN(3) {
		s.Disturbances = append(s.Disturbances, r.disturbance(s))
	}
	for range 3 {
		s.Answers = append(s.Answers, Answer(r.weighted(choice{string(TryAgain), 50}, choice{string(RollBack), 20}, choice{string(PromoteAnyway), 20}, choice{string(StopHere), 10})))
	}
	s.Refusals = r.chance(15)
	return s
}

// dice are the draws of one run.
type dice struct{ *rand.Rand }

type choice struct {
	name   string
	weight int
}

func (r dice) weighted(choices ...choice) string {
	sum := 0
	for _, c := range choices {
		sum += c.weight
	}
	at := r.IntN(sum)
	for _, c := range choices {
		if at -= c.weight; at < 0 {
			return c.name
		}
	}
	panic("unreachable: a draw lies below the sum of the weights")
}

func (r dice) chance(percent int) bool { return r.IntN(100) < percent }

// between rounds to milliseconds, so that a scenario is read as it is played.
func (r dice) between(low, high time.Duration) time.Duration {
	return (low + time.Duration(r.Int64N(int64(high-low)))).Truncate(time.Millisecond)
}

func (r dice) one(names ...string) string { return names[r.IntN(len(names))] }

// The steps of each aim; those of an emergency end with the rejoin that follows it.
var stepsOf = map[Aim][]string{
	Switchover: {"prepare", "block-writers", "catch-up", "stop", "prove", "promote", "follow", "rejoin", "clean-up"},
	Emergency:  {"freeze", "fence", "fast-forward", "weigh-loss", "slots", "promote", "follow", "clean-up", "anchor", "halt", "salvage", "rebuild", "rejoin"},
	Rejoin:     {"anchor", "halt", "salvage", "rebuild", "rejoin", "clean-up"},
}

// The steps of each aim that can be undone.
var undoneOf = map[Aim][]string{
	Switchover: {"prepare", "block-writers", "stop"},
	Emergency:  {"freeze", "fast-forward", "slots"},
	Rejoin:     {"halt"},
}

func (r dice) disturbance(s Scenario) Disturbance {
	restart := 0
	if s.Aim == Emergency && s.How == HowKilled {
		restart = 25
	}
	d := Disturbance{Act: Act(r.weighted(
		choice{string(Crash), 26}, choice{string(KillBot), 10}, choice{string(Kill), 18}, choice{string(Restart), restart},
		choice{string(Freeze), 8}, choice{string(PauseReplay), 6}, choice{string(LoseSlot), 1},
		choice{string(Cut), 5}, choice{string(Stall), 5}, choice{string(Delay), 5},
		choice{string(ClockJump), 4}, choice{string(TwoAtOnce), 6}, choice{string(PressStop), 10},
	))}
	switch d.Act {
	case Crash:
		d.Point = r.one("before", "during", "after", "during") + " " + r.one(stepsOf[s.Aim]...)
		if r.chance(12) {
			d.Point = "undoing " + r.one(undoneOf[s.Aim]...)
		}
		return d
	case Kill:
		d.Who = r.victim(s)
	case Restart:
		d.Who = Primary
	case Freeze, PauseReplay, LoseSlot:
		d.Who = Role(r.weighted(choice{string(Target), 60}, choice{string(Bystander), 40}))
	case Cut, Stall, Delay:
		d.Who, d.Other = r.link()
	}
	d.Cue, d.After = r.moment(s)
	switch d.Act {
	case Kill:
		d.For = r.between(300*time.Millisecond, 3*time.Second)
	case Freeze, PauseReplay:
		d.For = r.between(500*time.Millisecond, 5*time.Second)
	case Cut, Stall:
		d.For = r.between(200*time.Millisecond, 6*time.Second)
	case Delay:
		d.For, d.Amount = r.between(time.Second, 4*time.Second), r.between(5*time.Millisecond, 120*time.Millisecond)
	case ClockJump:
		d.Amount = r.between(-5*time.Minute, 5*time.Minute)
	}
	return d
}

// victim is a server to be killed. In an emergency the primary is lost already.
func (r dice) victim(s Scenario) Role {
	if s.Aim == Emergency {
		return Role(r.one(string(Target), string(Bystander)))
	}
	return Role(r.weighted(choice{string(Primary), 40}, choice{string(Target), 35}, choice{string(Bystander), 25}))
}

// link is a region and who reaches it.
func (r dice) link() (Role, string) {
	pairs := []struct {
		who   Role
		other string
	}{
		{Primary, "bot"},
		{Target, "bot"},
		{Bystander, "bot"},
		{Primary, "app"},
		{Target, "app"},
		{Primary, string(Target)},
		{Primary, string(Bystander)},
		{Target, string(Bystander)},
	}
	p := pairs[r.IntN(len(pairs))]
	return p.who, p.other
}

// moment is when something happens: mostly soon after the approval, sometimes at a step, sometimes before.
func (r dice) moment(s Scenario) (Cue, time.Duration) {
	switch {
	case r.chance(15):
		return AtProposal, r.between(0, 300*time.Millisecond)
	case r.chance(35):
		return Cue(stepPrefix + r.one(stepsOf[s.Aim]...)), r.between(0, 60*time.Millisecond)
	case r.chance(60):
		return AtApproval, r.between(0, 400*time.Millisecond)
	}
	return AtApproval, r.between(0, 2500*time.Millisecond)
}
