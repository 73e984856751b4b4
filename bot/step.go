package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// carryOut does one step: record, observe, act unless it holds already,
// observe until it holds or its deadline passes (R3).
func (b *Bot) carryOut(ctx context.Context, o rapbot.Operation, move rapbot.Move) error {
	i := move.Step
	step := o.Plan.Steps[i]
	if step.Optional && !o.Plan.Kind.OfReleases() {
		// What comes after the promotion is worth nothing without the new primary.
		trouble, err := b.newPrimaryTrouble(ctx, o)
		if err != nil {
			return err
		}
		if trouble != "" {
			_, _, err := b.recordMove(ctx, o.ID, move, rapbot.Record{Kind: rapbot.RecQuestion, Text: trouble})
			return err
		}
	}
	o, going, err := b.recordMove(ctx, o.ID, move, rapbot.Record{Kind: rapbot.RecStepStarted, Step: i})
	if err != nil || !going {
		return err
	}
	run := rapbot.StepRun{Operation: o.ID, Plan: o.Plan, Step: step, Evidence: o.Evidence, Progress: b.progressOf(ctx, o.ID, i, o.Plan.Kind.OfReleases())}
	began := b.opt.Clock.Now()
	finding, acted, err := b.untilItHolds(ctx, run, b.waitOf(ctx, o.ID, i))
	if ctx.Err() != nil {
		return ctx.Err() // stopping: the step stays running in the journal and is taken up again
	}
	var risk riskError
	if errors.As(err, &risk) {
		_, _, err = b.recordMove(ctx, o.ID, move, rapbot.Record{Kind: rapbot.RecQuestion, Step: i, Risk: true, Text: risk.question, Evidence: finding.Evidence})
		return err
	}
	log := b.log.With(zap.String("op", o.ID), zap.String("step", string(step.Kind)), zap.String("region", step.Region), zap.Duration("took", b.opt.Clock.Now().Sub(began)))
	if err != nil {
		log.Warn("step failed", zap.Error(err))
		_, err = b.book.record(ctx, o.ID, rapbot.Record{Kind: rapbot.RecStepFailed, Step: i, Text: failureText(err), Skipped: !acted, Stale: rapbot.ErrorCode(err) == rapbot.Stale, Evidence: finding.Evidence})
		return err
	}
	log.Info("step done")
	_, err = b.book.record(ctx, o.ID, rapbot.Record{Kind: rapbot.RecStepDone, Step: i, Text: finding.Detail, Skipped: !acted, Evidence: finding.Evidence})
	return err
}

// riskError is a step that goes on only if a person accepts a risk.
type riskError struct{ question string }

func (r riskError) Error() string { return r.question }

// The pace of observing while a step is awaited: quick at first, because the
// write window is open, then gentler.
const (
	firstLook = 2 * time.Millisecond
	lastLook  = 250 * time.Millisecond
)

// untilItHolds reports what was found when the step holds, and whether acting
// was needed. The error says why it does not hold; waits is told so meanwhile.
func (b *Bot) untilItHolds(ctx context.Context, run rapbot.StepRun, waits func(trouble error)) (rapbot.Finding, bool, error) {
	doer, ok := b.opt.Doers[run.Step.Kind]
	if !ok {
		return rapbot.Finding{}, false, &rapbot.Error{Code: rapbot.Internal, What: "Nothing here knows how to " + string(run.Step.Kind) + "."}
	}
	deadline := b.opt.Clock.Now().Add(run.Step.Deadline)
	ctx, cancel := context.WithTimeout(ctx, run.Step.Deadline)
	defer cancel()
	acted, done := false, false // tried to act; the act returned without error
	var trouble error
	for pause := firstLook; ; pause = min(lastLook, pause*3/2) {
		finding, err := doer.Observe(ctx, run)
		switch {
		case err == nil && finding.Holds:
			return finding, acted, nil
		case err == nil && finding.Risk != "":
			return finding, acted, riskError{finding.Risk}
		case err == nil && finding.Hopeless != "":
			return finding, acted, &rapbot.Error{Code: rapbot.Unavailable, What: finding.Hopeless}
		case rapbot.ErrorCode(err) == rapbot.Stale:
			return finding, acted, err // no waiting mends that
		case err != nil && trouble != nil && ctx.Err() != nil:
			// The deadline cut this look off; the one before it says more.
		case err != nil:
			trouble = err
		case done:
			trouble = &rapbot.Error{Code: rapbot.Unavailable, What: finding.Detail}
		default:
			trouble = b.act(ctx, doer, run, &acted)
			done = trouble == nil
			if code := rapbot.ErrorCode(trouble); code == rapbot.Precondition || code == rapbot.Stale {
				return finding, acted, trouble
			}
			if done {
				pause = firstLook
				continue // look at once
			}
		}
		if gone := b.gone(run); gone != nil {
			return finding, acted, gone
		}
		if b.stopAsked(run) {
			return finding, acted, &rapbot.Error{Code: rapbot.Conflict, What: "Somebody asked to stop."}
		}
		if !b.opt.Clock.Now().Add(pause).Before(deadline) {
			return finding, acted, late(run, trouble)
		}
		waits(trouble)
		if err := b.opt.Clock.Sleep(ctx, pause); err != nil {
			return finding, acted, late(run, trouble)
		}
	}
}

// act acts, and notes that something may have been changed unless the
// pre-condition refused it.
func (b *Bot) act(ctx context.Context, doer rapbot.Doer, run rapbot.StepRun, acted *bool) error {
	err := doer.Act(ctx, run)
	if rapbot.ErrorCode(err) != rapbot.Precondition {
		*acted = true
	}
	return err
}

func late(run rapbot.StepRun, trouble error) error {
	what := fmt.Sprintf("It did not come about within %s.", rapbot.Duration(run.Step.Deadline))
	if trouble != nil {
		what += " " + failureText(trouble)
	}
	return &rapbot.Error{Code: rapbot.Unavailable, What: what, Err: trouble}
}

// stopAsked reports whether a person asked to stop a step that may still be
// taken back.
func (b *Bot) stopAsked(run rapbot.StepRun) bool {
	if run.Step.Commits {
		return false
	}
	for _, o := range b.book.all() {
		if o.ID == run.Operation {
			return o.StopAsked != nil && !o.Committed()
		}
	}
	return false
}
