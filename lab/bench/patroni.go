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
func startPatroni(ctx context.Context, versions patroni.Versions, say progress) (*side, error) {
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
	return &side{
		name: "Patroni", about: fmt.Sprintf("%s: its planned switchover, from the request to its REST API", versions),
		change: &patroniSwitchover{cluster: c, route: newRoute(c.Nodes())}, writer: w, close: c.Close,
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

func (c *patroniSwitchover) decide(ctx context.Context) (time.Time, error) {
	moment := time.Now()
	return moment, c.cluster.Switchover(ctx, c.to)
}
