package bot

import (
	"context"
	"slices"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	"github.com/rap-analyzer/rapbot/cards"
)

// diagnose answers whoever asks with what rapbot itself sees at this moment of
// what an alert speaks of. It is open to everybody who can see the card, as
// /rap status is.
func (b *Bot) diagnose(ctx context.Context, g alert.Group) (rapbot.Message, error) {
	t := b.opt.Fleet.Observe(ctx)
	open, err := b.opt.Operations.Open(ctx)
	if err != nil {
		open = nil // the fleet is worth telling even when the journal is not readable
	}
	var regions []string
	for _, a := range append(slices.Clone(g.Latest.Alerts), g.Firing...) { // also of what has resolved meanwhile
		if r := a.Labels["region"]; slices.Contains(b.regionNames(), r) && !slices.Contains(regions, r) {
			regions = append(regions, r)
		}
	}
	return cards.Diagnosis(t, regions, b.opt.Sites, b.opt.Limits, open), nil
}
