package main

import (
	"context"
	"time"

	"github.com/rap-analyzer/rapbot/lab/drive"
	"github.com/rap-analyzer/rapbot/lab/workspace"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// startOurs starts the lab's world, with the real rapbot in it.
func startOurs(ctx context.Context, dir, folder string, say progress) (*side, error) {
	bot, instance, err := binaries(ctx, folder, dir, say)
	if err != nil {
		return nil, err
	}
	w, err := world.Up(ctx, world.Options{Dir: dir, Binary: bot, Instance: instance, Log: say})
	if err != nil {
		return nil, err
	}
	w.Writer.Stop()
	var names []string
	for _, s := range w.Fleet.Servers() {
		names = append(names, s.Name)
	}
	return &side{
		name: "rapbot", about: "rapbot's planned switchover, from the approving click in Slack",
		change: &ourSwitchover{people: drive.People{World: w}, route: newRoute(names)}, writer: w.Writer, close: w.Close,
	}, nil
}

// ourSwitchover is the planned one: alice asks, bob approves.
type ourSwitchover struct {
	people drive.People
	route  route
	card   workspace.Message
}

func (c *ourSwitchover) prepare(ctx context.Context) (to string, err error) {
	if err := c.people.AwaitWhole(ctx); err != nil {
		return "", err
	}
	primary, err := c.people.World.Fleet.Primary(ctx)
	if err != nil {
		return "", err
	}
	to = c.route.from(primary.Name)
	c.card, err = c.people.Propose(ctx, to, "benchmark")
	return to, err
}

func (c *ourSwitchover) decide(ctx context.Context) (time.Time, error) {
	moment := time.Now()
	if err := c.people.Approve(c.card); err != nil {
		return moment, err
	}
	_, err := c.people.AwaitOutcome(ctx, c.card)
	return moment, err
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
