package bot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
)

// legPatience is how long the next leg of a drill is tried to be proposed: a
// replica that has just come back may lag for a while.
const legPatience = 10 * time.Minute

// driveEvery is how often it is looked whether a drill calls for something.
const driveEvery = 2 * time.Second

// watchDrills proposes the legs of drills and reports, until ctx ends.
func (b *Bot) watchDrills(ctx context.Context) error {
	for {
		if err := b.DriveDrills(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("drill", zap.Error(err))
		}
		if err := b.opt.Clock.Sleep(ctx, driveEvery); err != nil {
			return err
		}
	}
}

// DriveDrills makes the one move that each drill calls for. What it does is
// decided from the journal alone, so that a restart goes on with it.
func (b *Bot) DriveDrills(ctx context.Context) error {
	latest, err := b.opt.Operations.History(ctx, recentOperations)
	if err != nil {
		return err
	}
	var errs []error
	for _, o := range latest {
		if o.Plan.Drill.Is && o.Plan.Drill.Of == "" && !o.Reported && o.State.Final() {
			errs = append(errs, b.driveDrill(ctx, legsOf(o, latest)))
		}
	}
	return errors.Join(errs...)
}

// legsOf are the operations of a drill in order, the first of which is o.
func legsOf(o rapbot.Operation, latest []rapbot.Operation) []rapbot.Operation {
	legs := []rapbot.Operation{o}
	for _, other := range slices.Backward(latest) {
		if other.Plan.Drill.Of == o.ID {
			legs = append(legs, other)
		}
	}
	return legs
}

func (b *Bot) driveDrill(ctx context.Context, legs []rapbot.Operation) error {
	first, last := legs[0], legs[len(legs)-1]
	if !last.State.Final() {
		return nil
	}
	next, more := rapbot.NextLeg(legs)
	if last.State != rapbot.Succeeded || !more {
		return b.report(ctx, legs, "")
	}
	err := b.nextLeg(ctx, first, next)
	if err != nil && b.opt.Clock.Now().Sub(last.EndedAt) > legPatience {
		return b.report(ctx, legs, firstBeat(err))
	}
	if err != nil && ctx.Err() == nil {
		b.log.Info("the next leg of a drill cannot be proposed yet", zap.String("op", first.ID), zap.Error(err))
	}
	return ctx.Err() // what keeps it from being proposed may pass
}

// nextLeg proposes it in the name of whoever asked for the drill, as they are
// known now: somebody who has left asks for nothing any more.
func (b *Bot) nextLeg(ctx context.Context, first rapbot.Operation, next rapbot.Wish) error {
	by, err := b.opt.Directory.Person(ctx, first.Requester.ID)
	if err != nil {
		return err
	}
	_, _, err = b.Propose(ctx, by, first.Channel, next, "the next leg of drill "+first.ID)
	return err
}

// report posts what came of a drill, with a picture if writes were tried.
func (b *Bot) report(ctx context.Context, legs []rapbot.Operation, broken string) error {
	first, tried := legs[0], b.tries.all()
	thread := rapbot.Place{Channel: first.Card.Channel, Thread: first.Card.ID}
	if first.Card.Zero() {
		return nil // its card comes first
	}
	if first.Started() {
		report := rapbot.File{
			Name: "drill-" + first.ID + ".txt", Title: "Report of drill " + first.ID, MIME: "text/plain",
			Content: []byte(cards.DrillReport(legs, tried, broken)),
		}
		if _, err := b.opt.Chat.Attach(ctx, thread, "drill-"+first.ID+"-report", report); err != nil {
			return fmt.Errorf("post the report of drill %s: %w", first.ID, err)
		}
		if err := b.picture(ctx, thread, legs, tried); err != nil {
			return err
		}
	}
	b.tries.forget()
	_, err := b.book.record(ctx, first.ID, rapbot.Record{Kind: rapbot.RecReported})
	return err
}

// picture posts how long writes took. One that cannot be drawn is left out:
// the report has the figures.
func (b *Bot) picture(ctx context.Context, thread rapbot.Place, legs []rapbot.Operation, tried []rapbot.WriteTry) error {
	if len(tried) == 0 || b.opt.DrawWrites == nil {
		return nil
	}
	var moments []rapbot.Moment
	for _, leg := range legs {
		moments = append(moments, leg.Moments()...)
	}
	file, err := b.opt.DrawWrites(tried, moments)
	if err != nil {
		b.log.Warn("draw writes", zap.Error(err))
		return nil
	}
	file.Name, file.Title = "drill-"+legs[0].ID+".png", "Write latency during drill "+legs[0].ID
	if _, err := b.opt.Chat.Attach(ctx, thread, "drill-"+legs[0].ID+"-picture", file); err != nil {
		return fmt.Errorf("post the picture of drill %s: %w", legs[0].ID, err)
	}
	return nil
}
