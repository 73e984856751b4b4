package helm

import (
	"strings"

	release "helm.sh/helm/v4/pkg/release/v1"

	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

// objects are those of a release, hooks included, by kind and name; none when r
// is nil.
func objects(r *release.Release) ([]manifest.Object, error) {
	if r == nil {
		return nil, nil
	}
	all, err := manifest.Parse(r.Manifest, r.Namespace, "")
	if err != nil {
		return nil, err
	}
	for _, h := range r.Hooks {
		var events []string
		for _, e := range h.Events {
			events = append(events, string(e))
		}
		hooks, err := manifest.Parse(h.Manifest, r.Namespace, strings.Join(events, ", "))
		if err != nil {
			return nil, err
		}
		all = append(all, hooks...)
	}
	manifest.Sort(all)
	return all, nil
}

// digest stands for what a release would be.
func digest(r *release.Release, all []manifest.Object) (string, error) {
	version := ""
	if r.Chart != nil && r.Chart.Metadata != nil {
		version = r.Chart.Metadata.Version
	}
	return manifest.Digest(all, r.Name, r.Namespace, version)
}
