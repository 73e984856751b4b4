package deploy

import (
	"context"
	"fmt"

	"github.com/rap-analyzer/rapbot"
)

// point makes a release say what the step sets, and leaves its pods to
// themselves.
type point struct{ *Deployer }

// Observe holds when nothing of the release would change any more.
func (p point) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	change := upgrade(p).change(run)
	now, err := p.Releases.Preview(ctx, change)
	if err != nil {
		return refused(err)
	}
	if l := (look{preview: now}); !l.unchanged() {
		return rapbot.Finding{Detail: "its release is not changed yet"}, nil
	}
	return rapbot.Finding{Holds: true, Detail: fmt.Sprintf("revision %d", now.Release.Revision)}, nil
}

// Act changes the release, whatever somebody else has made of it meanwhile: who
// the primary is has been decided.
func (p point) Act(ctx context.Context, run rapbot.StepRun) error {
	_, err := p.Releases.Apply(ctx, upgrade(p).change(run))
	return finalIfInvalid(err)
}

// Undo does nothing: it comes after the point of no return.
func (p point) Undo(context.Context, rapbot.StepRun) (rapbot.Finding, error) {
	return rapbot.Finding{Holds: true}, nil
}
