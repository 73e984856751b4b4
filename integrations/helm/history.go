package helm

import (
	"context"

	release "helm.sh/helm/v4/pkg/release/v1"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

// Release implements rapbot.Releases.
func (h *Helm) Release(ctx context.Context, region string, part rapbot.Part) (rapbot.Release, error) {
	return read(ctx, h, region, part, func(c *call) (rapbot.Release, error) {
		history, err := c.history()
		if err != nil {
			return rapbot.Release{}, err
		}
		if len(history) == 0 {
			return rapbot.Release{}, c.notInstalled()
		}
		return c.tell(history[0]), nil
	})
}

// History implements rapbot.Releases.
func (h *Helm) History(ctx context.Context, region string, part rapbot.Part, limit int) ([]rapbot.Release, error) {
	return read(ctx, h, region, part, func(c *call) ([]rapbot.Release, error) {
		history, err := c.history()
		if err != nil {
			return nil, err
		}
		if len(history) == 0 {
			return nil, c.notInstalled()
		}
		var out []rapbot.Release
		for _, r := range history[:min(max(limit, 0), len(history))] {
			out = append(out, c.tell(r))
		}
		return out, nil
	})
}

// mostWords bounds Helm's description of a revision, in characters. That of a
// failed one repeats an API server's answer.
const mostWords = 300

// tell is a revision in our words.
func (c *call) tell(r *release.Release) rapbot.Release {
	out := rapbot.Release{
		Region: c.region, Part: c.part, Name: r.Name, Version: versionOf(r, effective(r)), Revision: r.Version,
		Status: r.Info.Status.String(), At: r.Info.LastDeployed.UTC(), Words: manifest.Clip(sentence(c.hide.Text(r.Info.Description)), mostWords),
	}
	if r.Chart != nil && r.Chart.Metadata != nil {
		out.Chart = r.Chart.Metadata.Name + "-" + r.Chart.Metadata.Version
	}
	return out
}
