package helm

import (
	"context"
	"fmt"
	"strings"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rap-analyzer/rapbot"
)

// RollBack implements rapbot.Releases. Volume claims stay where they are,
// whatever the revision.
func (h *Helm) RollBack(ctx context.Context, region string, part rapbot.Part, revision int) (rapbot.Release, error) {
	return h.act(ctx, region, part, func(c *call) (rapbot.Release, error) {
		history, err := c.history()
		if err != nil {
			return rapbot.Release{}, err
		}
		if len(history) == 0 {
			return rapbot.Release{}, c.notInstalled()
		}
		if err := c.settled(history); err != nil {
			return rapbot.Release{}, err
		}
		if revision == 0 {
			return c.takeAway(history)
		}
		return c.rollBackTo(history, revision)
	})
}

func (c *call) rollBackTo(history []*release.Release, revision int) (rapbot.Release, error) {
	if _, err := c.at(history, revision); err != nil {
		return rapbot.Release{}, err
	}
	words := fmt.Sprintf("Rollback to %d", revision)
	if underway(history[0]) {
		words += ": " + leftBehind(history[0])
	}
	if err := c.rollback(revision, words); err != nil {
		if busyElsewhere(err) {
			return rapbot.Release{}, c.fault(err, "")
		}
		return rapbot.Release{}, c.broke(err, nil, fmt.Sprintf("The rollback of %s in %s to revision %d", c.Release, c.region, revision))
	}
	if underway(history[0]) {
		if err := c.failed(history[0], words); err != nil {
			return rapbot.Release{}, c.broke(err, nil, "To note that revision "+fmt.Sprint(history[0].Version)+" never came to be")
		}
	}
	after, err := c.history()
	if err != nil || len(after) == 0 {
		return rapbot.Release{}, c.broke(fmt.Errorf("the revision cannot be read: %w", err), nil, "The rollback of "+c.Release)
	}
	return c.tell(after[0]), nil
}

// takeAway uninstalls a release. Its history goes with it.
func (c *call) takeAway(history []*release.Release) (rapbot.Release, error) {
	if err := keepsVolumes(history[0]); err != nil {
		return rapbot.Release{}, err
	}
	out := c.tell(history[0])
	if err := c.uninstall(history); err != nil {
		return rapbot.Release{}, c.broke(err, nil, "To take away "+c.Release+" from "+c.region)
	}
	out.Revision, out.Status, out.Words = 0, common.StatusUninstalled.String(), "Uninstallation complete; volume claims were left"
	return out, nil
}

func (c *call) uninstall(history []*release.Release) error {
	if err := keepsVolumes(history[0]); err != nil {
		return err
	}
	u := action.NewUninstall(c.Configuration)
	u.Timeout, u.WaitStrategy = c.hookTime(), kube.HookOnlyStrategy
	u.IgnoreNotFound = true
	_, err := u.Run(c.Release)
	return err
}

// keepsVolumes refuses to uninstall what would take its volumes with it. Claims
// that stand in the chart are kept by the transport; those that a StatefulSet has
// made are deleted by a controller if it is told to.
func keepsVolumes(r *release.Release) error {
	all, err := objects(r)
	if err != nil {
		return err
	}
	for _, o := range all {
		policy, _, _ := unstructured.NestedString(o.Body, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")
		if o.Kind == "StatefulSet" && strings.EqualFold(policy, "Delete") {
			return rapbot.Refuse(rapbot.Precondition, fmt.Sprintf("The StatefulSet %s would take its volumes with it (whenDeleted: Delete).", o.Name),
				"Have the chart say whenDeleted: Retain and apply that first, or uninstall it by hand.")
		}
	}
	return nil
}
