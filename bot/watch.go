package bot

import (
	"context"
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// goneAfter is how long a server that a step needs may give no answer before
// waiting for the step is given up.
const goneAfter = 5 * time.Second

// gone reports, as an error, that a server which this step cannot do without
// has not answered for a while: the target always, the old primary until it is
// to be stopped. Writers wait, or are without a primary: every second counts.
func (b *Bot) gone(run rapbot.StepRun) error {
	names := []string{run.Plan.To}
	switch run.Step.Kind {
	case rapbot.StepPrepare, rapbot.StepBlock, rapbot.StepCatchUp:
		names = append(names, run.Plan.From)
	case rapbot.StepStop:
		return nil // it is taken to its end: half stopped is the worst state to turn round in
	}
	t := b.opt.Fleet.Topology()
	for _, name := range names {
		r, ok := t.Region(name)
		if ok && !r.Answered && !r.LastAnswer.IsZero() && r.At.Sub(r.LastAnswer) >= goneAfter {
			return &rapbot.Error{Code: rapbot.Unavailable, What: fmt.Sprintf("%s gives no answer any more: %s.", name, r.Fault)}
		}
	}
	return nil
}

// newPrimaryTrouble asks the new primary whether it is one and accepts writes.
// It returns the question for a person when it does not, and nothing when all
// is well. The error is ctx's.
func (b *Bot) newPrimaryTrouble(ctx context.Context, o rapbot.Operation) (string, error) {
	var t rapbot.Topology
	var r rapbot.Region
	for try := range 3 {
		if try > 0 {
			if err := b.opt.Clock.Sleep(ctx, time.Second); err != nil {
				return "", err
			}
		}
		var err error
		if t, err = b.observe(ctx); err != nil {
			return "", err
		}
		r, _ = t.Region(o.Plan.To)
		if r.Role == rapbot.Primary && !r.Server.ReadOnly {
			return "", nil
		}
	}
	state := "is " + string(r.Role)
	switch {
	case !r.Answered:
		state = "gives no answer (" + r.Fault + ")"
	case r.Role == rapbot.Primary:
		state = "is read-only"
	}
	if o.Plan.Kind == rapbot.Rejoin {
		return fmt.Sprintf("%s, which is to be followed, %s. %s %s Bring it back and press Try Again, or press Stop Here and finish by hand.", o.Plan.To, state, primaryNow(t), standing(o)), nil
	}
	return fmt.Sprintf("%s was promoted and now %s. %s %s No other region will be promoted by this operation. Bring %s back and press Try Again, or press Stop Here and finish by hand.",
		o.Plan.To, state, primaryNow(t), standing(o), o.Plan.To), nil
}

// observe asks every region now. When ctx ends meanwhile, what came of it says
// nothing about the world, and nothing may be concluded or recorded from it.
func (b *Bot) observe(ctx context.Context) (rapbot.Topology, error) {
	t := b.opt.Fleet.Observe(ctx)
	return t, ctx.Err()
}
