package helm

import (
	"context"
	"errors"
	"fmt"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	ri "helm.sh/helm/v4/pkg/release"
	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage"
	"helm.sh/helm/v4/pkg/storage/driver"
)

// maxHistory is how many revisions are kept, as helm at the prompt does.
const maxHistory = 10

// base is the revision that the next one follows: the newest that was deployed,
// or, as in Helm, the newest at all when none ever was. Nil when the release is
// not there.
func base(history []*release.Release) *release.Release {
	if absent(history) {
		return nil
	}
	if r := newest(history, common.StatusDeployed); r != nil {
		return r
	}
	// A process that was killed in the last instant of an upgrade has superseded
	// the old revision and not yet said that the new one is deployed.
	if r := lastGood(history); r != nil && underway(history[0]) {
		return r
	}
	return history[0]
}

// absent reports whether there is nothing to upgrade: no history, one that ends
// with an uninstall, or one whose only revision never came to be.
func absent(history []*release.Release) bool {
	if len(history) == 0 {
		return true
	}
	status := history[0].Info.Status
	return status == common.StatusUninstalled || status == common.StatusUninstalling || status == common.StatusPendingInstall
}

func newest(history []*release.Release, status common.Status) *release.Release {
	for _, r := range history {
		if r.Info.Status == status {
			return r
		}
	}
	return nil
}

// render makes the release that a draft would become, as the server's abilities
// have it. It works on a copy of the history in memory, on which a revision that
// was left pending has failed, so that nothing can be written.
func (c *call) render(history []*release.Release, d draft) (*release.Release, error) {
	kept := c.Releases
	defer func() { c.Releases = kept }()
	c.Releases = storage.Init(driver.NewMemory())
	for _, r := range history {
		r := *r
		if underway(&r) {
			info := *r.Info
			info.Status = common.StatusFailed
			r.Info = &info
		}
		if err := c.Releases.Create(&r); err != nil {
			return nil, err
		}
	}
	return c.run(c.ctx, history, d, action.DryRunServer, "")
}

// run installs or upgrades. Values are given whole: of Helm's ways to reuse old
// ones none knows which of them came from files, and with none of them chosen it
// would reuse the old ones whenever there is nothing to set. Fields are validated
// by the API server alone: its schema, some megabytes, would be fetched each time.
func (c *call) run(ctx context.Context, history []*release.Release, d draft, dry action.DryRunStrategy, words string) (*release.Release, error) {
	if absent(history) {
		i := action.NewInstall(c.Configuration)
		i.ReleaseName, i.Namespace = c.Release, c.namespace
		i.DryRunStrategy, i.Description = dry, words
		i.Timeout, i.WaitStrategy = c.hookTime(), kube.HookOnlyStrategy
		i.ForceConflicts, i.DisableOpenAPIValidation = true, true
		i.Replace = len(history) > 0
		if dry == action.DryRunNone {
			missing, err := c.namespaceMissing()
			if err != nil {
				return nil, err
			}
			i.CreateNamespace = missing
		}
		return rel(i.RunWithContext(ctx, d.chart, copyValue(d.set).(map[string]any)))
	}
	u := action.NewUpgrade(c.Configuration)
	u.Namespace = c.namespace
	u.DryRunStrategy, u.Description = dry, words
	u.Timeout, u.WaitStrategy = c.hookTime(), kube.HookOnlyStrategy
	u.ServerSideApply, u.ForceConflicts = "true", true
	u.ResetValues, u.MaxHistory, u.DisableOpenAPIValidation = true, maxHistory, true
	return rel(u.RunWithContext(ctx, c.Release, d.chart, copyValue(d.set).(map[string]any)))
}

// hookTime is what each of a change's hooks may take: before and after, and as
// much again for the rest.
func (c *call) hookTime() time.Duration { return c.limit / 3 }

func rel(r ri.Releaser, err error) (*release.Release, error) {
	out, is := r.(*release.Release)
	if err == nil && !is {
		err = errors.New("helm has made no release")
	}
	if err != nil {
		return out, fmt.Errorf("helm: %w", err)
	}
	return out, nil
}
