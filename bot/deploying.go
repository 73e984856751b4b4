package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// deployed says what runs where after an operation on releases.
func deployed(o rapbot.Operation) string {
	switch o.Plan.Kind {
	case rapbot.Restart:
		return "Every pod was replaced and is ready."
	case rapbot.Scale:
		return "Every pod that was asked for is ready."
	}
	return "Every pod of it is ready."
}

// failedDeploy is how an operation on releases ended that did not reach its
// goal. What runs now is looked up and not concluded (R7).
func (b *Bot) failedDeploy(ctx context.Context, o rapbot.Operation) string {
	return failure(o) + " " + b.runsNow(ctx, o.Plan)
}

// runsNow says in a sentence what the regions of a plan run at this moment.
func (b *Bot) runsNow(ctx context.Context, p rapbot.Plan) string {
	if b.opt.Deployer == nil {
		return "Run /rap status."
	}
	var parts []string
	for _, c := range b.opt.Deployer.Observe(ctx) {
		for _, change := range p.Changes {
			if change.Region == c.Region && change.Part == rapbot.App {
				parts = append(parts, c.Region+" "+runs(c))
			}
		}
	}
	if len(parts) == 0 {
		return "Run /rap status."
	}
	return "Now: " + strings.Join(parts, "; ") + "."
}

func runs(c rapbot.Cluster) string {
	switch {
	case !c.Answered:
		return "gives no answer, so what it runs is not known"
	case !c.App.Found:
		return "has no application"
	}
	return fmt.Sprintf("runs %s, %d of %s ready", c.App.Version, c.App.Ready, rapbot.Count(c.App.Desired, "pod", "pods"))
}

// Clusters is what the regions' Kubernetes said last.
func (b *Bot) Clusters() []rapbot.Cluster {
	if b.opt.Deployer == nil {
		return nil
	}
	return b.opt.Deployer.Memory()
}

// ObserveClusters asks the Kubernetes of every region now.
func (b *Bot) ObserveClusters(ctx context.Context) []rapbot.Cluster {
	if b.opt.Deployer == nil {
		return nil
	}
	return b.opt.Deployer.Observe(ctx)
}
