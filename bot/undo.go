package bot

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// undo takes one step back: record, undo until that holds or patience ends.
func (b *Bot) undo(ctx context.Context, o rapbot.Operation, move rapbot.Move) error {
	i := move.Step
	step := o.Plan.Steps[i]
	o, going, err := b.recordMove(ctx, o.ID, move, rapbot.Record{Kind: rapbot.RecUndoStarted, Step: i})
	if err != nil || !going {
		return err
	}
	run := rapbot.StepRun{Operation: o.ID, Plan: o.Plan, Step: step, Evidence: o.Evidence}
	finding, err := b.undoUntilItHolds(ctx, run)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil && step.Leave {
		text := fmt.Sprintf("To %s did not work: %s", step.Undo, failureText(err))
		_, err = b.book.record(ctx, o.ID, rapbot.Record{Kind: rapbot.RecUndoFailed, Step: i, Text: text, Skipped: true})
		return err
	}
	if err != nil {
		b.log.Error("undo failed", zap.String("op", o.ID), zap.String("step", string(step.Kind)), zap.Error(err))
		question := fmt.Sprintf("To roll back, rapbot must %s, and could not: %s %s Mend what is in the way and press Try Again, or press Stop Here and finish by hand.", step.Undo, failureText(err), standing(o))
		_, err = b.book.record(ctx, o.ID,
			rapbot.Record{Kind: rapbot.RecUndoFailed, Step: i, Text: failureText(err)},
			rapbot.Record{Kind: rapbot.RecQuestion, Text: question})
		return err
	}
	_, err = b.book.record(ctx, o.ID, rapbot.Record{Kind: rapbot.RecUndone, Step: i, Text: finding.Detail, Evidence: finding.Evidence})
	return err
}

// How long the undoing of one step may take. It is a deadline of its own: what
// ran out of time going forward needs fresh time to go back.
const (
	undoTime  = 2 * time.Minute
	leaveTime = 10 * time.Second // when it may be left to mend
)

func (b *Bot) undoUntilItHolds(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	doer, ok := b.opt.Doers[run.Step.Kind]
	if !ok {
		return rapbot.Finding{}, errors.New("nothing here knows how to undo it")
	}
	patience := undoTime
	switch {
	case run.Step.Leave:
		patience = leaveTime
	case run.Plan.Kind.OfReleases():
		patience = run.Step.Deadline // pods come and go at their own pace
	}
	deadline := b.opt.Clock.Now().Add(patience)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for pause := 10 * time.Millisecond; ; pause = min(2*time.Second, pause*2) {
		finding, err := doer.Undo(ctx, run)
		if err == nil || rapbot.ErrorCode(err) == rapbot.Precondition {
			return finding, err
		}
		if !b.opt.Clock.Now().Add(pause).Before(deadline) {
			return finding, err
		}
		if serr := b.opt.Clock.Sleep(ctx, pause); serr != nil {
			return finding, err
		}
	}
}
