package bot

import (
	"context"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// sampleEvery is how often it is kept where the regions stand.
const sampleEvery = time.Second

// keepSamples keeps samples until ctx ends. A journal that cannot be written
// does not stop it: the bound of a failover is looser without them, and says
// so.
func (b *Bot) keepSamples(ctx context.Context) error {
	for {
		if err := b.Sample(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("keep samples", zap.Error(err))
		}
		if err := b.opt.Clock.Sleep(ctx, sampleEvery); err != nil {
			return err
		}
	}
}

// Sample keeps where the regions stand now, as far as that is news.
func (b *Bot) Sample(ctx context.Context) error {
	var news []rapbot.Sample
	for _, s := range b.opt.Fleet.Topology().Samples() {
		if s.At.After(b.sampled[s.Region]) {
			news = append(news, s)
		}
	}
	if len(news) == 0 {
		return nil
	}
	if err := b.opt.Samples.Keep(ctx, news...); err != nil {
		return fmt.Errorf("keep samples: %w", err)
	}
	for _, s := range news {
		b.sampled[s.Region] = s.At
	}
	return nil
}
