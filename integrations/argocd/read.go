package argocd

import (
	"context"
	"fmt"

	"github.com/rap-analyzer/rapbot"
)

// Release implements rapbot.Releases.
func (a *Argo) Release(ctx context.Context, region string, part rapbot.Part) (rapbot.Release, error) {
	all, err := a.History(ctx, region, part, 1)
	if err != nil {
		return rapbot.Release{}, err
	}
	return all[0], nil
}

// History implements rapbot.Releases. There is always one revision at least.
func (a *Argo) History(ctx context.Context, region string, part rapbot.Part, limit int) ([]rapbot.Release, error) {
	return a.read(ctx, region, part, func(s *set, r Region, history []revision) ([]rapbot.Release, error) {
		var out []rapbot.Release
		for i, one := range history[:min(max(limit, 1), len(history))] {
			out = append(out, s.tell(r, one, i == 0))
		}
		return out, nil
	})
}

// Values implements rapbot.Releases: what the element makes of the chart.
func (a *Argo) Values(ctx context.Context, region string, part rapbot.Part) (map[string]string, error) {
	var out map[string]string
	_, err := a.read(ctx, region, part, func(s *set, _ Region, history []revision) ([]rapbot.Release, error) {
		out = s.values(history[0].Element)
		return nil, nil
	})
	return out, err
}

// read is for what needs the element of a region to be there.
func (a *Argo) read(ctx context.Context, region string, part rapbot.Part, do func(*set, Region, []revision) ([]rapbot.Release, error)) ([]rapbot.Release, error) {
	r, err := a.region(region, part)
	if err != nil {
		return nil, err
	}
	s, err := within(ctx, a, a.load)
	if err != nil {
		return nil, a.failed(err, "The ApplicationSet "+a.cfg.ApplicationSet, "read")
	}
	history, err := a.there(s, r)
	if err != nil {
		return nil, err
	}
	return do(s, r, history)
}

// there is a region's history; an error says what is not there.
func (a *Argo) there(s *set, r Region) ([]revision, error) {
	if s == nil {
		return nil, a.noSet()
	}
	history, err := s.history(r.Name)
	if err == nil && len(history) == 0 {
		err = a.noElement(r)
	}
	return history, err
}

func (a *Argo) noSet() error {
	return rapbot.Refuse(rapbot.NotFound, fmt.Sprintf("There is no ApplicationSet %s in the namespace %s of %s.", a.cfg.ApplicationSet, a.cfg.Namespace, a.cfg.Where),
		"Correct deploy.argocd.application_set, or apply it; /rap deploy <version> --all makes it of the file that deploy.argocd.manifest names.")
}

func (a *Argo) noElement(r Region) error {
	return rapbot.Refuse(rapbot.NotFound, fmt.Sprintf("The ApplicationSet %s has no element for %s in a list generator.", a.cfg.ApplicationSet, r.Name),
		"Add the region's element to it, or to the file that deploy.argocd.manifest names and run /rap deploy <version> --all.")
}
