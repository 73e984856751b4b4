package drive

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot/lab/wait"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// planTime is how long a plan may take until its card is there; the evidence of an emergency is gathered first.
const planTime = 40 * time.Second

// Propose has alice ask for a switchover, and returns its card when it awaits approval.
func (p People) Propose(ctx context.Context, target, reason string) (workspace.Message, error) {
	return p.Ask(ctx, "/rap failover "+target+" --reason "+reason, "Switch over to "+target)
}

// ProposeFailover has alice ask for a failover because the primary is lost.
func (p People) ProposeFailover(ctx context.Context, target, reason string) (workspace.Message, error) {
	return p.Ask(ctx, "/rap failover "+target+" --force --reason "+reason, "Fail over to "+target)
}

// ProposeRejoin has alice ask to bring a region back as a replica.
func (p People) ProposeRejoin(ctx context.Context, region, reason string) (workspace.Message, error) {
	return p.Ask(ctx, "/rap rejoin "+region+" --reason "+reason, "Rejoin "+region)
}

// Ask has alice type a command, and returns the card with that title when it awaits approval.
func (p People) Ask(ctx context.Context, command, title string) (workspace.Message, error) {
	after, err := p.Newest("bob", Operations)
	if err != nil {
		return workspace.Message{}, err
	}
	if err := p.Say("alice", command); err != nil {
		return workspace.Message{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, planTime)
	defer cancel()
	return p.See(ctx, "bob", Operations, after, title, "awaiting approval")
}

// Approve has bob press the button that lets a proposed switchover begin.
func (p People) Approve(card workspace.Message) error {
	return p.Click("bob", card, "Approve Switchover")
}

// ApproveFailover has bob let a proposed failover begin.
func (p People) ApproveFailover(card workspace.Message) error {
	return p.Click("bob", card, "Approve Failover")
}

// ApproveRejoin has bob let a proposed rejoin begin.
func (p People) ApproveRejoin(card workspace.Message) error {
	return p.Click("bob", card, "Approve Rejoin")
}

// AwaitOutcome waits until the card says that the switchover has succeeded.
func (p People) AwaitOutcome(ctx context.Context, card workspace.Message) (workspace.Message, error) {
	return p.AwaitTitle(ctx, card, "Switched over to")
}

// AwaitTitle waits until the card's first line begins with words, which is how an operation ends; another end is an error.
func (p People) AwaitTitle(ctx context.Context, card workspace.Message, words string) (m workspace.Message, err error) {
	timeout := wait.Until(ctx, glance, func() bool {
		if m, err = p.Message(card); err != nil {
			return true
		}
		title := FirstLine(m.Text)
		if strings.HasPrefix(title, words) {
			return true
		}
		for _, end := range []string{"Switched over", "took over", "Rejoined", "failed", "rolled back", "not run", "needs a decision"} {
			if strings.Contains(title, end) {
				err = fmt.Errorf("awaited %q, and it ended otherwise:\n%s", words, m.Text)
				return true
			}
		}
		return false
	})
	if timeout != nil {
		seen, _ := p.World.Slack.As("bob").Messages(card.Channel) // what he was told is a help, and no more than that
		err = fmt.Errorf("awaited %q in vain: %w:\n%s\nbob sees:\n%s", words, timeout, m.Text, Told(seen))
	}
	return m, err
}

// AwaitWhole waits until one region is primary and the others stream from it on its timeline.
func (p People) AwaitWhole(ctx context.Context) error {
	var trouble string
	primaries, timelines := 0, map[int]bool{}
	err := wait.Until(ctx, 50*time.Millisecond, func() bool {
		trouble, primaries, timelines = "", 0, map[int]bool{}
		for _, r := range p.World.Fleet.Status(ctx) {
			timelines[r.Timeline] = true
			switch {
			case r.Role == "primary" && r.Writable:
				primaries++
			case r.Role != "replica" || r.Streaming == nil || !*r.Streaming:
				trouble = fmt.Sprintf("%+v", r)
			}
		}
		return trouble == "" && primaries == 1 && len(timelines) == 1
	})
	if err != nil {
		return fmt.Errorf("the fleet is not whole: %w: %d primaries, timelines %v, %s", err, primaries, timelines, trouble)
	}
	return nil
}
