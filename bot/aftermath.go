package bot

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// countEvery is how often a primary that was failed over from is looked for.
const countEvery = 10 * time.Second

// recentOperations is how many of the newest operations are looked at for one
// whose loss has not been counted.
const recentOperations = 20

// countWithin is how long after a failover its loss is still worth counting.
const countWithin = 7 * 24 * time.Hour

// watchAftermath counts, until ctx ends, what failovers really lost, as soon
// as the log of the old primary can be read again.
func (b *Bot) watchAftermath(ctx context.Context) error {
	for {
		if err := b.CountLosses(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn(err.Error())
		}
		if err := b.opt.Clock.Sleep(ctx, countEvery); err != nil {
			return err
		}
	}
}

// CountLosses reads the logs of old primaries that can be read now, and tells
// what was lost in the threads of the failovers that lost it.
func (b *Bot) CountLosses(ctx context.Context) error {
	latest, err := b.opt.Operations.History(ctx, recentOperations)
	if err != nil {
		return fmt.Errorf("count losses: %w", err)
	}
	rejoined := map[string]rapbot.Operation{} // by a later operation, so that nothing is left to read
	for _, o := range latest {
		if o.Plan.Kind == rapbot.Rejoin && o.Committed() {
			rejoined[o.Plan.From] = o
		}
		if by, is := rejoined[o.Plan.From]; is && uncounted(o) && by.Evidence[rapbot.EvLost] != "" {
			if err := b.countedBy(ctx, o, by); err != nil {
				return fmt.Errorf("count losses of operation %s: %w", o.ID, err)
			}
			continue
		}
		if _, is := rejoined[o.Plan.From]; is || !uncounted(o) || b.opt.Clock.Now().Sub(o.EndedAt) > countWithin {
			continue
		}
		if err := b.countLoss(ctx, o); err != nil {
			return fmt.Errorf("count losses of operation %s: %w", o.ID, err)
		}
	}
	return nil
}

// uncounted reports whether what a failover really lost is still to be told.
func uncounted(o rapbot.Operation) bool {
	return o.Plan.Kind == rapbot.Failover && !o.LossCounted && o.Evidence[rapbot.EvFork] != "" && o.State.Final()
}

// countedBy tells what the rejoin of the old primary has counted: where the data
// can be reached only while nothing runs on them, nobody could before. A rejoin
// that came after another change of primary counts from another point.
func (b *Bot) countedBy(ctx context.Context, o, rejoin rapbot.Operation) error {
	if rejoin.Plan.Fact(rapbot.FactTimeline) != o.Evidence[rapbot.EvNewTimeline] {
		return nil
	}
	commits, errCommits := strconv.Atoi(rejoin.Evidence[rapbot.EvLost])
	bytes, errBytes := strconv.ParseInt(rejoin.Evidence[rapbot.EvLossBytes], 10, 64)
	if err := errors.Join(errCommits, errBytes); err != nil {
		return err
	}
	return b.tellLoss(ctx, o.ID, rapbot.Divergence{Commits: commits, End: rapbot.LSN(bytes), Saved: rejoin.Evidence[rapbot.EvSaved]}, true)
}

func (b *Bot) countLoss(ctx context.Context, o rapbot.Operation) error {
	volume := b.opt.Volumes[o.Plan.From]
	fork, err := rapbot.ParseLSN(o.Evidence[rapbot.EvFork])
	if volume == nil || err != nil {
		return err
	}
	reading, cancel := context.WithTimeout(ctx, readVolume)
	defer cancel()
	d := b.read(reading, o.Plan.From, volume, o.Plan.To, fork)
	if d == nil {
		return nil // it cannot be read yet
	}
	if strconv.FormatUint(uint64(d.Timeline), 10) != o.Evidence[rapbot.EvOldTimeline] {
		return nil // somebody has rebuilt it by hand: what lies past the fork there was never lost
	}
	return b.tellLoss(ctx, o.ID, *d, false)
}

func (b *Bot) tellLoss(ctx context.Context, id string, d rapbot.Divergence, rejoined bool) error {
	_, err := b.book.write(ctx, id, func(o rapbot.Operation) ([]rapbot.Record, error) {
		if o.LossCounted {
			return nil, nil // by somebody who proposes its rejoin
		}
		return []rapbot.Record{{Kind: rapbot.RecLossCounted, Skipped: rejoined, Text: lossText(o, d), Evidence: map[string]string{
			rapbot.EvLossBytes: strconv.FormatInt(d.Bytes(), 10), rapbot.EvLost: strconv.Itoa(d.Commits), rapbot.EvSaved: d.Saved,
		}}}, nil
	})
	return err
}

// lossText holds what was lost against what was accepted.
func lossText(o rapbot.Operation, d rapbot.Divergence) string {
	text := fmt.Sprintf("Nothing was lost: %s committed nothing that %s lacks.", o.Plan.From, o.Plan.To)
	if d.Commits > 0 {
		text = fmt.Sprintf("Exactly %s (%s of WAL) of %s were lost.", rapbot.Count(d.Commits, "commit", "commits"), rapbot.Bytes(d.Bytes()), o.Plan.From)
	}
	if bound := o.Plan.Impact.Loss; bound != nil && !bound.Open {
		text += " The bound that was accepted: " + bound.String() + "."
		if d.Bytes() > bound.Bytes && !bound.Unknown {
			text += " That was too low; please report this."
		}
	}
	if d.Saved != "" {
		text += " The lost part of its log was copied to " + d.Saved + "."
	}
	return text
}
