package deploy

import (
	"context"
	"fmt"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// upgrade makes a release what the step says. It holds when the release is so
// and every pod of it is ready.
type upgrade struct{ *Deployer }

func (u upgrade) change(run rapbot.StepRun) rapbot.Change {
	install := run.Step.Kind == rapbot.StepUpgrade && run.Step.Revision == 0
	return rapbot.Change{Region: run.Step.Region, Part: run.Step.Part, Set: run.Step.Set, Install: install}
}

// Observe asks Helm once whether the release is as it should be; from then on
// only the pods are looked at.
func (u upgrade) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	w := u.workOf(run)
	if !w.applied {
		u.noteErrors(ctx, run, w)
		p, err := u.Releases.Preview(ctx, u.change(run))
		if err != nil {
			return refused(err)
		}
		l := look{preview: p}
		if !l.unchanged() {
			return rapbot.Finding{Detail: "the release is not changed yet"}, nil
		}
		w.applied = true
	}
	return u.ready(ctx, run, w, tagOf(run.Step.Set))
}

// Act applies the change. Somebody else's revision in between was not part of
// what was approved (R2); one that is pending is our own, cut off by a crash, or
// is refused by Helm itself.
func (u upgrade) Act(ctx context.Context, run rapbot.StepRun) error {
	w := u.workOf(run)
	if w.applied {
		return nil // by a process before this one; its pods are on their way
	}
	at := target{run.Step.Region, run.Step.Part}
	now, err := u.Releases.Release(ctx, at.region, at.part)
	if err != nil && rapbot.ErrorCode(err) != rapbot.NotFound {
		return err
	}
	if was, is := elsewhere(now, run); is {
		return &rapbot.Error{Code: rapbot.Stale, What: fmt.Sprintf("The release %s in %s runs %s now; it ran %s when this was approved.", now.Name, at.region, now.Version, was)}
	}
	if !now.Pending() && now.Revision != run.Step.Revision && !ours(now, run) {
		return &rapbot.Error{Code: rapbot.Stale, What: fmt.Sprintf("The release %s in %s is at revision %d now, %s was approved to follow revision %d", now.Name, at.region, now.Revision, lower(run.Step.Title), run.Step.Revision) + "."}
	}
	if _, err := u.Releases.Apply(ctx, u.change(run)); err != nil {
		return finalIfInvalid(err)
	}
	w.applied, w.troubled = true, u.Now()
	return nil
}

// elsewhere reports whether a release that is still at the revision that was
// planned upon runs another version all the same: who keeps releases in Helm's
// place counts all that others do to one as one revision.
func elsewhere(now rapbot.Release, run rapbot.StepRun) (was string, is bool) {
	for _, c := range run.Plan.Changes {
		if c.Region == run.Step.Region && c.Part == run.Step.Part {
			return c.From, c.Revision > 0 && c.Revision == now.Revision && c.From != now.Version
		}
	}
	return "", false
}

// ours reports whether a revision came of this very step: a crash may have hidden
// its end, and its recovery puts a revision back first.
func ours(now rapbot.Release, run rapbot.StepRun) bool {
	to, is := wentBackTo(now)
	return is && to == run.Step.Revision
}

// Undo puts the release back to the revision before.
func (u upgrade) Undo(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	return u.putBack(ctx, run, run.Step.Revision)
}

// refused is what an observation found that Helm or the API server turned down:
// no waiting mends that.
func refused(err error) (rapbot.Finding, error) {
	switch rapbot.ErrorCode(err) {
	case rapbot.Invalid, rapbot.NotFound:
		return rapbot.Finding{Hopeless: said(err) + "."}, nil
	}
	return rapbot.Finding{}, err
}

// finalIfInvalid makes a refusal one that ends the step at once.
func finalIfInvalid(err error) error {
	if rapbot.ErrorCode(err) == rapbot.Invalid {
		return &rapbot.Error{Code: rapbot.Precondition, What: said(err) + ".", Err: err}
	}
	return err
}

// tagOf is the version that a step sets, empty when it sets another thing.
func tagOf(set []string) string {
	for _, s := range set {
		if tag, is := strings.CutPrefix(s, "image.tag="); is {
			return tag
		}
	}
	return ""
}

func lower(s string) string { return strings.ToLower(s[:1]) + s[1:] }
