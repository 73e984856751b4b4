package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/rap-analyzer/rapbot/lab/drive"
	"github.com/rap-analyzer/rapbot/lab/workspace"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// startOurs starts the lab's world, with the real rapbot in it. A label tells two builds of it apart.
func startOurs(ctx context.Context, dir, folder, label string, say progress) (*contender, error) {
	bot, instance, err := binaries(ctx, folder, dir, say)
	if err != nil {
		return nil, err
	}
	w, err := world.Up(ctx, world.Options{Dir: filepath.Join(dir, "world"), Binary: bot, Instance: instance, Log: say})
	if err != nil {
		return nil, err
	}
	w.Writer.Stop()
	var names []string
	for _, s := range w.Fleet.Servers() {
		names = append(names, s.Name)
	}
	moves := ourMoves{people: drive.People{World: w}, route: newRoute(names)}
	return &contender{
		planned: &side{
			name: "rapbot" + label, about: "rapbot's planned switchover, from the approving click in Slack",
			change: &ourSwitchover{ourMoves: moves}, writer: w.Writer, logFile: w.Facts().Bot.Log,
		},
		emergency: &side{
			name: "rapbot" + label, about: "rapbot's failover, from the approving click in Slack; before it /rap failover --force was typed as soon as the primary was killed,\n" +
				"so the gap includes the people's time, who are the bench here. Whole again by /rap rejoin, approved",
			change: &ourFailover{ourMoves: moves}, writer: w.Writer, logFile: w.Facts().Bot.Log,
		},
		close: w.Close,
	}, nil
}

// ourMoves is what the planned change and the emergency have in common.
type ourMoves struct {
	people drive.People
	route  route
}

// next waits for a whole fleet and says where its primary is and whither it moves.
func (c *ourMoves) next(ctx context.Context) (from, to string, err error) {
	if err := c.people.AwaitWhole(ctx); err != nil {
		return "", "", err
	}
	primary, err := c.people.World.Fleet.Primary(ctx)
	if err != nil {
		return "", "", err
	}
	return primary.Name, c.route.from(primary.Name), nil
}

// ourSwitchover is the planned one: alice asks, bob approves.
type ourSwitchover struct {
	ourMoves
	card workspace.Message
}

func (c *ourSwitchover) prepare(ctx context.Context) (to string, err error) {
	if _, to, err = c.next(ctx); err != nil {
		return "", err
	}
	c.card, err = c.people.Propose(ctx, to, "benchmark")
	return to, err
}

func (c *ourSwitchover) decide(ctx context.Context) (decision, error) {
	d := decision{moment: time.Now()}
	if err := c.people.Approve(c.card); err != nil {
		return d, err
	}
	_, err := c.people.AwaitOutcome(ctx, c.card)
	return d, err
}

func (c *ourSwitchover) mend(context.Context) error { return nil }

// ourFailover is the emergency: the primary is killed, alice asks at once, bob approves what he sees.
type ourFailover struct {
	ourMoves
	from, to string
}

func (c *ourFailover) prepare(ctx context.Context) (to string, err error) {
	c.from, c.to, err = c.next(ctx)
	return c.to, err
}

func (c *ourFailover) decide(ctx context.Context) (decision, error) {
	d := decision{began: time.Now()}
	if err := c.people.World.Fleet.Region(c.from).Kill(); err != nil {
		return d, err
	}
	card, err := c.people.ProposeFailover(ctx, c.to, "benchmark")
	if err != nil {
		return d, err
	}
	d.moment = time.Now()
	if err := c.people.ApproveFailover(card); err != nil {
		return d, err
	}
	_, err = c.people.AwaitTitle(ctx, card, c.to+" took over")
	return d, err
}

func (c *ourFailover) mend(ctx context.Context) error {
	card, err := c.people.ProposeRejoin(ctx, c.from, "benchmark")
	if err != nil {
		return err
	}
	if err := c.people.ApproveRejoin(card); err != nil {
		return err
	}
	if _, err := c.people.AwaitTitle(ctx, card, "Rejoined"); err != nil {
		return err
	}
	return c.people.AwaitWhole(ctx)
}

// route goes from the home region to each of the others in turn, and back home in between.
type route struct {
	home   string
	others []string
	next   int
}

func newRoute(names []string) route { return route{home: names[0], others: names[1:]} }

func (r *route) from(primary string) string {
	if primary != r.home {
		return r.home
	}
	to := r.others[r.next%len(r.others)]
	r.next++
	return to
}
