package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// Settle makes moves until every operation waits for a person or has ended.
// It returns when the earliest patience ends, zero for never.
func (b *Bot) Settle(ctx context.Context) (time.Time, error) {
	for {
		var wake time.Time
		moved := false
		for _, o := range b.book.all() {
			move := rapbot.Next(o, b.opt.Clock.Now())
			switch move.Kind {
			case rapbot.MoveNone:
			case rapbot.MoveAwait:
				if wake.IsZero() || (!move.Until.IsZero() && move.Until.Before(wake)) {
					wake = move.Until
				}
			default:
				if err := b.make(ctx, o, move); err != nil {
					return time.Time{}, fmt.Errorf("operation %s: %s: %w", o.ID, move.Kind, err)
				}
				moved = true
			}
		}
		if !moved {
			return wake, ctx.Err()
		}
	}
}

// make makes one move. It returns an error only when the journal could not be
// written or ctx ended: then the move is made again, from what is true.
func (b *Bot) make(ctx context.Context, o rapbot.Operation, move rapbot.Move) error {
	record := func(r rapbot.Record) error {
		_, _, err := b.recordMove(ctx, o.ID, move, r)
		return err
	}
	switch move.Kind {
	case rapbot.MoveAsk:
		return record(rapbot.Record{Kind: rapbot.RecAsked})
	case rapbot.MoveExpire:
		return record(rapbot.Record{Kind: rapbot.RecExpired, Text: lapse(o)})
	case rapbot.MoveStart:
		return b.start(ctx, o, move)
	case rapbot.MoveStep:
		return b.carryOut(ctx, o, move)
	case rapbot.MoveRollBack:
		return record(rapbot.Record{Kind: rapbot.RecRollback, Text: rollbackCause(o, move.Step)})
	case rapbot.MoveUndo:
		return b.undo(ctx, o, move)
	case rapbot.MoveQuestion:
		return record(rapbot.Record{Kind: rapbot.RecQuestion, Text: stuck(o, move.Step)})
	case rapbot.MoveSucceed:
		trouble, err := b.newPrimaryTrouble(ctx, o)
		if err != nil {
			return err
		}
		if trouble != "" {
			return record(rapbot.Record{Kind: rapbot.RecQuestion, Text: trouble})
		}
		b.log.Info("succeeded", zap.String("op", o.ID), zap.Duration("write_gap", o.Gap()))
		return record(rapbot.Record{Kind: rapbot.RecSucceeded, Text: success(o)})
	case rapbot.MoveReplan:
		return b.replan(ctx, o, move)
	case rapbot.MoveFail:
		now, err := b.observe(ctx)
		if err != nil {
			return err
		}
		return record(rapbot.Record{Kind: rapbot.RecFailed, Text: failure(o, now)})
	}
	return fmt.Errorf("no move %q", move.Kind)
}

// recordMove writes the records of a move, unless the operation has moved on
// since the move was decided: somebody may have asked to stop a moment ago,
// and was told that it will. Then nothing is written and done is false.
func (b *Bot) recordMove(ctx context.Context, id string, move rapbot.Move, records ...rapbot.Record) (o rapbot.Operation, done bool, err error) {
	o, err = b.book.write(ctx, id, func(o rapbot.Operation) ([]rapbot.Record, error) {
		if rapbot.Next(o, b.opt.Clock.Now()) != move {
			return nil, nil
		}
		done = true
		return records, nil
	})
	return o, done, err
}

// start observes the world once more and begins only if the plan is still the
// one that was approved (R2).
func (b *Bot) start(ctx context.Context, o rapbot.Operation, move rapbot.Move) error {
	err := b.stillTheSame(ctx, o)
	switch rapbot.ErrorCode(err) {
	case "":
		_, _, err = b.recordMove(ctx, o.ID, move, rapbot.Record{Kind: rapbot.RecStarted})
		return err
	case rapbot.Stale:
		return nil // replanned or failed, and recorded so
	case rapbot.Precondition, rapbot.Unavailable:
		_, _, err = b.recordMove(ctx, o.ID, move, rapbot.Record{Kind: rapbot.RecFailed, Text: "It was approved but not run. " + firstBeat(err) + " " + o.Unchanged()})
		return err
	}
	return err
}

// carryOut does one step: record, observe, act unless it holds already,
// observe until it holds or its deadline passes (R3).
func (b *Bot) carryOut(ctx context.Context, o rapbot.Operation, move rapbot.Move) error {
	i := move.Step
	step := o.Plan.Steps[i]
	if step.Optional {
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
	run := rapbot.StepRun{Operation: o.ID, Plan: o.Plan, Step: step, Evidence: o.Evidence, Progress: b.progressOf(ctx, o.ID, i)}
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

// progressEvery is how often the progress of a long act is recorded at first:
// as often as a card may be edited. The longer it takes the rarer, so that an
// act of hours leaves some hundred records.
const progressEvery = 3 * time.Second

// progressOf records how far a step has come. What cannot be recorded is
// left out: the next figure is on its way.
func (b *Bot) progressOf(ctx context.Context, id string, step int) func(done, total int64) {
	began := b.opt.Clock.Now()
	last := began
	return func(done, total int64) {
		if now := b.opt.Clock.Now(); now.Sub(last) >= max(progressEvery, last.Sub(began)/20) {
			last = now
			_, err := b.book.record(ctx, id, rapbot.Record{Kind: rapbot.RecProgress, Step: step, Progress: &rapbot.Progress{Done: done, Total: total}})
			if err != nil {
				b.log.Debug("progress", zap.Error(err))
			}
		}
	}
}

// riskError is a step that goes on only if a person accepts a risk.
type riskError struct{ question string }

func (r riskError) Error() string { return r.question }

// replan asks afresh for what ran, no longer fitted and was taken back (R2).
func (b *Bot) replan(ctx context.Context, o rapbot.Operation, move rapbot.Move) error {
	t, err := b.observe(ctx)
	if err != nil {
		return err
	}
	now, err := b.planOn(ctx, t, o.Plan.Wish(), rapbot.Plan{})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		_, _, err = b.recordMove(ctx, o.ID, move, rapbot.Record{Kind: rapbot.RecFailed, Text: failure(o, t) + " It was not planned again: " + firstBeat(err)})
		return err
	}
	why := o.Outcome
	if diff := o.Plan.Difference(now); diff != "" {
		why = diff
	}
	_, _, err = b.recordMove(ctx, o.ID, move, rapbot.Record{Kind: rapbot.RecReplanned, Plan: &now, Text: why + " " + takenBack(o), Expires: b.opt.Clock.Now().UTC().Add(b.opt.ExpireAfter)})
	return err
}

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
