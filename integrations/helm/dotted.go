package helm

import (
	"context"
	"fmt"
	"strings"

	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

// Values implements rapbot.Releases. The names can be given back to --set. The
// chart's own values are among them, since a release does not keep them apart
// from those of the files; whatever is a secret by its name is manifest.Hidden.
func (h *Helm) Values(ctx context.Context, region string, part rapbot.Part) (map[string]string, error) {
	return read(ctx, h, region, part, func(c *call) (map[string]string, error) {
		history, err := c.history()
		if err != nil {
			return nil, err
		}
		for _, r := range history {
			if r.Info.Status == common.StatusDeployed {
				out := map[string]string{}
				dotted(out, "", effective(r), false)
				return out, nil
			}
		}
		return nil, c.notInstalled()
	})
}

// effective are the values that a revision's templates saw.
func effective(r *release.Release) map[string]any {
	if r.Chart == nil {
		return integers(over(nil, r.Config)).(map[string]any)
	}
	return integers(over(r.Chart.Values, r.Config)).(map[string]any)
}

var escapeName = strings.NewReplacer(`\`, `\\`, ".", `\.`, ",", `\,`, "=", `\=`, "[", `\[`)

func dotted(out map[string]string, prefix string, v any, secret bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			next := escapeName.Replace(name)
			if prefix != "" {
				next = prefix + "." + next
			}
			dotted(out, next, inner, secret || manifest.Telling(name))
		}
	case []any:
		for i, inner := range v {
			dotted(out, fmt.Sprintf("%s[%d]", prefix, i), inner, secret)
		}
	case nil:
	default:
		if secret {
			out[prefix] = manifest.Hidden
			return
		}
		out[prefix] = fmt.Sprint(v)
	}
}

// versionOf is what a release with these values runs.
func versionOf(r *release.Release, values map[string]any) string {
	if image, is := values["image"].(map[string]any); is && image["tag"] != nil && image["tag"] != "" {
		return fmt.Sprint(image["tag"])
	}
	if r.Chart != nil && r.Chart.Metadata != nil {
		return r.Chart.Metadata.AppVersion
	}
	return ""
}
