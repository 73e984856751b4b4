package bot

import (
	"context"
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
		if o.Plan.Kind.OfReleases() {
			b.log.Info("succeeded", zap.String("op", o.ID))
			return record(rapbot.Record{Kind: rapbot.RecSucceeded, Text: success(o)})
		}
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
		if o.Plan.Kind.OfReleases() {
			return record(rapbot.Record{Kind: rapbot.RecFailed, Text: b.failedDeploy(ctx, o)})
		}
		now, err := b.observe(ctx)
		if err != nil {
			return err
		}
		return record(rapbot.Record{Kind: rapbot.RecFailed, Text: failure(o) + " " + primaryNow(now)})
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
		_, _, err = b.recordMove(ctx, o.ID, move, rapbot.Record{Kind: rapbot.RecFailed, Text: failure(o) + " " + primaryNow(t) + " It was not planned again: " + firstBeat(err)})
		return err
	}
	why := o.Outcome
	if diff := o.Plan.Difference(now); diff != "" {
		why = diff
	}
	_, _, err = b.recordMove(ctx, o.ID, move, rapbot.Record{Kind: rapbot.RecReplanned, Plan: &now, Text: why + " " + takenBack(o), Expires: b.opt.Clock.Now().UTC().Add(b.opt.ExpireAfter)})
	return err
}
