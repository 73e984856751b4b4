package bot

import (
	"context"
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
	rejoined := map[string]bool{} // by a later operation, so that nothing is left to read
	for _, o := range latest {
		if o.Plan.Kind == rapbot.Rejoin && o.Committed() {
			rejoined[o.Plan.From] = true
		}
		if o.Plan.Kind != rapbot.Failover || o.LossCounted || o.Evidence[rapbot.EvFork] == "" || !o.State.Final() || rejoined[o.Plan.From] || b.opt.Clock.Now().Sub(o.EndedAt) > countWithin {
			continue
		}
		if err := b.countLoss(ctx, o); err != nil {
			return fmt.Errorf("count losses of operation %s: %w", o.ID, err)
		}
	}
	return nil
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
	_, err = b.book.write(ctx, o.ID, func(o rapbot.Operation) ([]rapbot.Record, error) {
		if o.LossCounted {
			return nil, nil // by somebody who proposes its rejoin
		}
		return []rapbot.Record{{Kind: rapbot.RecLossCounted, Text: lossText(o, *d), Evidence: map[string]string{
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
		if d.Bytes() > bound.Bytes {
			text += " That was too low; please report this."
		}
	}
	if d.Saved != "" {
		text += " The lost part of its log was copied to " + d.Saved + "."
	}
	return text
}
