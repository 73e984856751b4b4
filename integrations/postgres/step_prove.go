package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// prove is the second proof (P7), taken on the target and not inferred from
// how the stop went: a server that is told to stop may give up on a replica
// that hangs, and still end cleanly. The plan says which kind of proof.
type prove struct {
	*Fleet
	nothingToUndo
}

func (d prove) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	p, err := d.show(ctx, run)
	if err != nil {
		return rapbot.Finding{}, err
	}
	if p.gap != "" {
		return awaited("%s cannot prove that nothing is missing: %s", run.Plan.To, p.gap)
	}
	beside, ahead := d.bystanders(ctx, run, p.end)
	if ahead != "" {
		return awaited("%s", ahead)
	}
	evidence := map[string]string{
		rapbot.EvProof:       string(run.Plan.Proof()),
		rapbot.EvOldTimeline: fmt.Sprint(plannedTimeline(run.Plan)),
		evBystanders:         beside,
	}
	if run.Plan.Proof() != rapbot.ProofMarker {
		evidence[rapbot.EvShutdown] = p.end.String()
	}
	return holds(evidence, "%s", p.words)
}

// bystanders tells where the other replicas are, and which of them is past the
// end that was proven: it could never follow the target.
func (d prove) bystanders(ctx context.Context, run rapbot.StepRun, end rapbot.LSN) (beside, ahead string) {
	var lines, lit []string
	for _, name := range d.names(run.Plan.From, run.Plan.To) {
		if d.region(name).memory.dark() {
			// It is not waited for: writers are, and it is in nobody's way.
			lines = append(lines, name+" gives no answer")
		} else {
			lit = append(lit, name)
		}
	}
	for _, s := range d.askAll(ctx, lit, run.Operation) {
		if s.err != nil {
			lines = append(lines, s.name+" gives no answer")
			continue
		}
		if s.Have > end {
			ahead = fmt.Sprintf("%s has more of the log, up to %s, than %s, which ends at %s", s.name, s.Have, run.Plan.To, end)
		}
		lines = append(lines, fmt.Sprintf("%s at %s", s.name, s.Have))
	}
	return strings.Join(lines, ", "), ahead
}

// Act has nothing to do but to wait for the log to arrive.
func (d prove) Act(_ context.Context, run rapbot.StepRun) error {
	_, err := markerOf(run)
	return err
}
