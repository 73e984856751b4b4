package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot/lab/peers/patroni"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// startPatroni starts a Patroni cluster and the same writer on it.
func startPatroni(ctx context.Context, versions patroni.Versions, say progress) (*contender, error) {
	say("starting %s (half a minute)", versions)
	c, err := patroni.Start(ctx, patroni.Options{Log: say})
	if err != nil {
		return nil, err
	}
	w, err := regions.NewWriter(c.MultiHostDSN(), regions.Among(c.AdminDSNs()...), regions.WriterOptions{})
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	w.Stop()
	return &contender{
		planned: &side{
			name: "Patroni", about: fmt.Sprintf("%s: its planned switchover, from the request to its REST API", versions),
			change: &patroniSwitchover{cluster: c, route: newRoute(c.Nodes())}, writer: w,
		},
		emergency: &side{
			name: "Patroni", about: fmt.Sprintf("%s: its automatic failover, from the kill; nobody decides, and the gap includes the time until its ttl shows that the primary is gone", versions),
			change: &patroniFailover{cluster: c}, writer: w,
		},
		close: c.Close,
	}, nil
}

// patroniSwitchover is the planned one.
type patroniSwitchover struct {
	cluster *patroni.Cluster
	route   route
	to      string
}

func (c *patroniSwitchover) prepare(ctx context.Context) (string, error) {
	if err := c.cluster.AwaitWhole(ctx); err != nil {
		return "", err
	}
	primary, err := c.cluster.Primary(ctx)
	if err != nil {
		return "", err
	}
	c.to = c.route.from(primary)
	return c.to, nil
}

func (c *patroniSwitchover) decide(ctx context.Context) (decision, error) {
	d := decision{moment: time.Now()}
	return d, c.cluster.Switchover(ctx, c.to)
}

func (c *patroniSwitchover) mend(context.Context) error { return nil }

// patroniFailover is the emergency. Patroni decides by itself, and whither.
type patroniFailover struct {
	cluster *patroni.Cluster
	dead    string
}

func (c *patroniFailover) prepare(ctx context.Context) (string, error) {
	return "its choice", c.cluster.AwaitWhole(ctx)
}

func (c *patroniFailover) decide(ctx context.Context) (decision, error) {
	now := time.Now()
	var err error
	c.dead, err = c.cluster.KillPrimary(ctx)
	return decision{began: now, moment: now}, err
}

func (c *patroniFailover) mend(ctx context.Context) error {
	if err := c.cluster.Revive(c.dead); err != nil {
		return err
	}
	return c.cluster.AwaitWhole(ctx)
}
