package helm

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/kube"
	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

const clock = "15:04:05 UTC"

// settled returns an error of code Conflict while something else may be at the
// release. The rule stands in the package comment.
func (c *call) settled(history []*release.Release) error {
	if len(history) == 0 || !underway(history[0]) {
		return nil
	}
	r := history[0]
	owner, until, is := marked(r)
	who := "another rapbot, with the lease " + strconv.Quote(owner) + ","
	switch {
	case is && owner == c.owner && !c.reserved && len(c.busy) > 0:
		return c.changing()
	case is && owner == c.owner:
		return nil
	case !is:
		sign, err := c.lastSign(r)
		if err != nil {
			return err
		}
		who, until = "helm, by hand or by another program,", sign.Add(c.stale)
	}
	if time.Now().After(until) {
		return nil
	}
	remedy := "rollback"
	if len(history) == 1 || r.Info.Status == common.StatusUninstalling {
		remedy = "uninstall"
	}
	return &rapbot.Error{
		Code: rapbot.Conflict,
		What: fmt.Sprintf("Revision %d of %s in %s has been %s since %s: %s may still be at it.",
			r.Version, r.Name, c.region, r.Info.Status, r.Info.LastDeployed.UTC().Format(clock), who),
		Changed: "Nothing was changed.",
		Now: fmt.Sprintf("Try again after %s, when it counts as dead and is put right first. If it is known to be dead, `helm %s %s --namespace %s` puts it right now.",
			until.UTC().Format(clock), remedy, r.Name, c.namespace),
	}
}

// lastSign is when something was last written to a revision, by the API server's
// clock: those of the machines that people work at may be anything.
func (c *call) lastSign(r *release.Release) (time.Time, error) {
	client, err := c.KubernetesClientSet()
	if err != nil {
		return time.Time{}, c.fault(err, "")
	}
	s, err := client.CoreV1().Secrets(c.namespace).Get(c.ctx, fmt.Sprintf("sh.helm.release.v1.%s.v%d", r.Name, r.Version), meta.GetOptions{})
	if err != nil {
		return time.Time{}, c.fault(err, "")
	}
	last := s.CreationTimestamp.Time
	for _, f := range s.ManagedFields {
		if f.Time != nil && f.Time.After(last) {
			last = f.Time.Time
		}
	}
	return last, nil
}

// mend puts right what a process that was killed has left: an install is taken
// away, whatever else goes back to the last revision that was good. It returns
// what it did, in words, and the history after it.
func (c *call) mend(history []*release.Release) (words string, after []*release.Release, err error) {
	if len(history) == 0 || !underway(history[0]) {
		return "", history, nil
	}
	if err := c.settled(history); err != nil {
		return "", nil, err
	}
	left := history[0]
	good := lastGood(history)
	words = leftBehind(left)
	switch {
	case left.Info.Status == common.StatusPendingInstall || left.Info.Status == common.StatusUninstalling:
		words = "What there was of it was taken away: " + words
		err = c.uninstall(history)
	case good == nil:
		err = c.failed(left, words)
	default:
		words = fmt.Sprintf("Rollback to %d: %s", good.Version, words)
		if err = c.rollback(good.Version, words); err == nil {
			err = c.failed(left, words)
		}
	}
	if err != nil {
		return "", nil, c.broke(err, nil, "To put right what was left "+left.Info.Status.String())
	}
	after, err = c.history()
	return words, after, err
}

const hadBeenLeft = "had been left"

func leftBehind(r *release.Release) string {
	return fmt.Sprintf("revision %d %s %s", r.Version, hadBeenLeft, r.Info.Status)
}

// lastGood is the newest revision that was in force. Of one that mend has made
// it is the one that mend went back to, so that however often it is killed it
// names the same.
func lastGood(history []*release.Release) *release.Release {
	good := newest(history, common.StatusDeployed)
	if good == nil {
		good = newest(history, common.StatusSuperseded)
	}
	for good != nil && strings.Contains(good.Info.Description, hadBeenLeft) {
		before := slices.IndexFunc(history, func(r *release.Release) bool { return r.Version == good.Info.RollbackRevision })
		if before < 0 || history[before].Version >= good.Version {
			break
		}
		good = history[before]
	}
	return good
}

// failed notes that a revision never came to be.
func (c *call) failed(r *release.Release, words string) error {
	r.SetStatus(common.StatusFailed, words)
	return c.Releases.Update(r)
}

func (c *call) rollback(revision int, words string) error {
	r := action.NewRollback(c.Configuration)
	r.Version, r.Description = revision, manifest.Clip(words, action.MaxDescriptionLength-1)
	r.Timeout, r.WaitStrategy = c.hookTime(), kube.HookOnlyStrategy
	r.ServerSideApply, r.ForceConflicts = "true", true
	r.MaxHistory = maxHistory
	return r.Run(c.Release)
}
