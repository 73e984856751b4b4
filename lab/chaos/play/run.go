package play

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/chaos/judge"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// run is one run under way.
type run struct {
	*Stage
	Scenario
	began   time.Time
	before  int64 // the newest operation before it
	regions map[Role]string

	calm context.CancelFunc // ends the disturbances and takes back what they did
	acts sync.WaitGroup

	mu       sync.Mutex
	cues     map[Cue]chan struct{}
	blows    []judge.Blow
	refusals []judge.Refusal
	losses   []judge.CountedLoss
	mended   []string
	said     []string // what people were told when nothing was proposed
	answered int
	skewed   bool
}

// Play plays one run and judges it. An error is a stage that cannot be played on any more; the result is then as far as it came.
func (s *Stage) Play(ctx context.Context, scenario Scenario) (Result, error) {
	r := &run{Stage: s, Scenario: scenario, began: time.Now(), cues: map[Cue]chan struct{}{}}
	s.note("run %d: %s", scenario.Run, scenario)
	err := r.play(ctx)
	if err != nil {
		err = fmt.Errorf("run %d: %w", scenario.Run, err)
	}
	s.note("run %d ends: %v", scenario.Run, err)
	history := r.history(context.WithoutCancel(ctx))
	return r.result(history, err), err
}

func (r *run) play(ctx context.Context) (err error) {
	if r.before, err = r.ledger.newest(ctx); err != nil {
		return err
	}
	if err := r.assign(ctx); err != nil {
		return err
	}
	if err := r.arm(ctx); err != nil {
		return err
	}
	if err := r.lose(ctx); err != nil {
		return err
	}
	r.Writer.ResetGap()
	disturbing, calm := context.WithCancel(ctx)
	r.calm = calm
	defer calm()
	for _, d := range r.Disturbances {
		r.acts.Go(func() { r.disturb(disturbing, d) })
	}
	r.give(AtProposal)
	r.operate(ctx, r.wish())
	if r.Aim == Emergency {
		r.countLoss(ctx)
		r.bringBack(ctx)
	}
	calm()
	r.acts.Wait()
	if err := r.mend(ctx); err != nil {
		return err
	}
	if r.armed || r.Stage.skewed {
		return r.restart(ctx)
	}
	return nil
}

// assign gives the regions their roles.
func (r *run) assign(ctx context.Context) error {
	primary, err := r.Fleet.Primary(ctx)
	if err != nil {
		return err
	}
	var replicas []string
	for _, server := range r.Fleet.Servers() {
		if server != primary {
			replicas = append(replicas, server.Name)
		}
	}
	slices.Sort(replicas)
	r.regions = map[Role]string{Primary: primary.Name, Target: replicas[r.Target], Bystander: replicas[1-r.Target]}
	r.note("roles: %v", r.regions)
	return nil
}

// arm starts rapbot anew when it is to die at a crash point or to have its clock moved.
func (r *run) arm(ctx context.Context) error {
	var env []string
	for _, d := range r.Disturbances {
		switch d.Act {
		case Crash:
			env = append(env, "RAPBOT_CRASH="+d.Point)
		case ClockJump:
			env = append(env, fmt.Sprintf("RAPBOT_CLOCK_JUMP=%s %s", time.Second+d.After, d.Amount))
			r.skewed = true
		}
	}
	if len(env) == 0 {
		return nil
	}
	if err := r.restart(ctx, env...); err != nil {
		return err
	}
	r.Stage.skewed = r.skewed
	return nil
}

// lose takes the server away that the run is about.
func (r *run) lose(ctx context.Context) error {
	role := Primary
	if r.Aim == Rejoin {
		role = Target
	}
	region := r.regions[role]
	server := r.Fleet.Region(region)
	switch r.How {
	case HowKilled:
		r.blow(string(Kill), region, "", server.Kill())
	case HowStopped:
		r.blow("stop", region, "", server.Stop(ctx))
	case HowStalled:
		r.blow(string(Stall), region, "all its links", r.Fleet.Isolate(region, regions.LinkStalled))
	case HowCut:
		r.blow(string(Cut), region, "all its links", r.Fleet.Isolate(region, regions.LinkCut))
	case HowDark:
		r.blow("dark", region, "", r.Fleet.Darken(region))
	case HowSlot:
		r.blow(string(LoseSlot), region, "", server.LoseSlot(ctx))
	}
	return ctx.Err()
}

// wish is the command that people type in this run.
func (r *run) wish() string {
	switch r.Aim {
	case Emergency:
		return "failover " + r.regions[Target] + " --force"
	case Rejoin:
		return "rejoin " + r.regions[Target]
	}
	return "failover " + r.regions[Target]
}

// bringBack has the primary that was replaced come back by rapbot.
func (r *run) bringBack(ctx context.Context) {
	ops, err := r.ledger.since(ctx, r.before)
	if err != nil || len(ops) == 0 || !ops[len(ops)-1].Committed() {
		return
	}
	r.Fleet.HealAll()
	r.operate(ctx, "rejoin "+ops[len(ops)-1].Plan.From)
}

// countLoss reads the log of the primary that was replaced, before anybody brings it back.
func (r *run) countLoss(ctx context.Context) {
	ops, err := r.ledger.since(ctx, r.before)
	if err != nil {
		return
	}
	for _, o := range ops {
		if o.Plan.Kind != rapbot.Failover || o.State != rapbot.Succeeded {
			continue
		}
		fork, err := rapbot.ParseLSN(o.Evidence[rapbot.EvFork])
		if err != nil {
			continue
		}
		reading, cancel := context.WithTimeout(ctx, 10*time.Second)
		d, err := r.Fleet.Region(o.Plan.From).Divergence(reading, o.Plan.To, fork)
		cancel()
		if err != nil {
			r.note("the loss of operation %s is not counted: %v", o.ID, err)
			continue
		}
		r.losses = append(r.losses, judge.CountedLoss{Operation: o.ID, Bytes: d.Bytes(), Commits: d.Commits})
	}
}

// give fires a cue.
func (r *run) give(c Cue) {
	select {
	case <-r.cue(c):
	default:
		close(r.cue(c))
	}
}

func (r *run) cue(c Cue) chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cues[c] == nil {
		r.cues[c] = make(chan struct{})
	}
	return r.cues[c]
}

// blow remembers what was done to the world, or why it could not be.
func (r *run) blow(what, region, detail string, err error) {
	b := judge.Blow{At: time.Now(), What: what, Region: region, Detail: detail}
	if err != nil {
		b.Vain = err.Error()
	}
	r.note("%s %s %s %s", what, region, detail, b.Vain)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.blows = append(r.blows, b)
}
