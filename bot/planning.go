package bot

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// How long the evidence of a failover may take to gather. None of it is
// needed: what is not there in time is left out, and the plan says less.
const (
	askInstance = 3 * time.Second
	readVolume  = 20 * time.Second
)

// recently is how far back from its last sample the rate of a primary is looked
// at; lately is how far back a lost primary is looked for.
const (
	recently = 10 * time.Minute
	lately   = 24 * time.Hour
)

// Plan plans on a fresh observation.
func (b *Bot) Plan(ctx context.Context, wish rapbot.Wish) (rapbot.Plan, error) {
	return b.planOn(ctx, b.opt.Fleet.Observe(ctx), wish, rapbot.Plan{})
}

// planOn plans on what was observed. The loss that was counted for an earlier
// plan spares reading the lost primary's log again, as long as nothing has moved.
func (b *Bot) planOn(ctx context.Context, t rapbot.Topology, wish rapbot.Wish, earlier rapbot.Plan) (rapbot.Plan, error) {
	if wish.Kind.OfReleases() {
		if b.opt.Deployer == nil {
			return rapbot.Plan{}, rapbot.Refuse(rapbot.Precondition, "rapbot has not been told how to reach the regions' Kubernetes.", "Set kubernetes and releases of each region in the configuration.")
		}
		return b.opt.Deployer.Plan(ctx, wish, t)
	}
	switch wish.Kind {
	case rapbot.Failover:
		return rapbot.PlanFailover(t, b.opt.Sites, wish.Region, b.opt.Limits, b.clues(ctx, t, wish, earlier))
	case rapbot.Rejoin:
		p, err := rapbot.PlanRejoin(t, b.opt.Sites, wish.Region, b.divergence(ctx, t, wish.Region))
		p.Drill = wish.Drill
		return p, err
	}
	p, err := rapbot.PlanSwitchover(t, b.opt.Sites, wish.Region, b.opt.Limits)
	p.Drill = wish.Drill
	return p, err
}

// clues gathers what is known of a lost primary besides the topology.
func (b *Bot) clues(ctx context.Context, t rapbot.Topology, wish rapbot.Wish, earlier rapbot.Plan) rapbot.Clues {
	c := rapbot.Clues{History: b.history(ctx), Counted: earlier.Impact.Loss, CountedAt: earlier.MadeAt, Drill: wish.Drill}
	if _, one := t.Primary(); one {
		return c
	}
	lost, found := t.Lost(c.Primary())
	if !found {
		return c
	}
	asking, cancel := context.WithTimeout(ctx, askInstance)
	defer cancel()
	c.Instance = b.opt.Instance(asking, lost.Name)
	target, _ := t.Region(wish.Region)
	best := rapbot.MostAdvanced(t, lost, target)
	if volume := b.opt.Volumes[lost.Name]; volume != nil && c.Instance != nil && c.Instance.Says == rapbot.Dead && !c.StillCounted(t, lost, best) {
		reading, cancel := context.WithTimeout(ctx, readVolume)
		defer cancel()
		c.Divergence = b.read(reading, lost.Name, volume, best.Name, best.Server.Replay)
	}
	return c
}

// divergence reads what a region's stopped server has that the primary lacks,
// nil when it cannot be read.
func (b *Bot) divergence(ctx context.Context, t rapbot.Topology, region string) *rapbot.Divergence {
	r, ok := t.Region(region)
	volume := b.opt.Volumes[region]
	if !ok || r.Answered || volume == nil {
		return nil
	}
	for _, p := range t.Regions {
		if p.Role == rapbot.Primary && p.Name != region {
			reading, cancel := context.WithTimeout(ctx, readVolume)
			defer cancel()
			return b.read(reading, region, volume, p.Name, 0)
		}
	}
	return nil
}

func (b *Bot) read(ctx context.Context, region string, volume rapbot.Volume, source string, from rapbot.LSN) *rapbot.Divergence {
	d, err := volume.Divergence(ctx, source, from)
	if err != nil {
		b.log.Debug("a log could not be read", zap.String("region", region), zap.Error(err))
		return nil
	}
	return &d
}

// history is the samples of some minutes up to when a primary was last seen,
// and of what came after.
func (b *Bot) history(ctx context.Context) []rapbot.Sample {
	samples, err := b.opt.Samples.Since(ctx, b.opt.Clock.Now().Add(-recently))
	seen := func(s rapbot.Sample) bool { return s.Role == rapbot.Primary }
	if err == nil && !slices.ContainsFunc(samples[:len(samples)/2], seen) {
		// It was lost a while ago, or rapbot was away.
		samples, err = b.opt.Samples.Since(ctx, b.opt.Clock.Now().Add(-lately))
	}
	if err != nil {
		b.log.Warn("samples could not be read", zap.Error(err))
	}
	for i, s := range slices.Backward(samples) {
		if seen(s) {
			begins := s.At.Add(-recently)
			first, _ := slices.BinarySearchFunc(samples[:i], begins, func(s rapbot.Sample, t time.Time) int { return s.At.Compare(t) })
			return samples[first:]
		}
	}
	return samples
}
