package main

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// storm is what fires and when, drawn from a seed.
type storm struct {
	groups []group
	pushes []push // in the order of time
}

// group is one alert group: Alertmanager groups by the alert's name.
type group struct {
	name, region, severity string
	alerts                 int
	resolves               time.Duration // when all of it resolves; 0 for never
}

// push is one thing that changes: an alert begins to fire, or a whole group resolves.
type push struct {
	at    time.Duration
	group int
	alert int // -1: the group resolves
}

var regions = []string{"us-east-1", "us-west-2", "eu-west-1"}

// The share of groups of each severity, of a hundred.
const (
	criticalShare = 5
	warningShare  = 75
)

// draw spreads alerts over a time; a share of the groups resolves some time after that, in the same time again.
func draw(seed uint64, groups, alerts int, over time.Duration, resolve float64) storm {
	rng := rand.New(rand.NewPCG(seed, 1))
	var s storm
	for i := range groups {
		g := group{name: fmt.Sprintf("Storm%04d", i), region: regions[rng.IntN(len(regions))], severity: "info", alerts: alerts / groups}
		switch n := rng.IntN(100); {
		case i == groups/2 || n < criticalShare: // one in any case
			g.severity = "critical"
		case n < criticalShare+warningShare:
			g.severity = "warning"
		}
		if i < alerts%groups {
			g.alerts++
		}
		if rng.Float64() < resolve && g.severity != "critical" {
			g.resolves = over + time.Duration(rng.Int64N(int64(over)+1))
			s.pushes = append(s.pushes, push{g.resolves, i, -1})
		}
		for a := range g.alerts {
			s.pushes = append(s.pushes, push{time.Duration(rng.Int64N(int64(over) + 1)), i, a})
		}
		s.groups = append(s.groups, g)
	}
	slices.SortFunc(s.pushes, func(a, b push) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.group, b.group), cmp.Compare(a.alert, b.alert))
	})
	return s
}

func (g group) labels(alert int) map[string]string {
	return map[string]string{"alertname": g.name, "region": g.region, "severity": g.severity, "instance": fmt.Sprintf("db-%s-%02d:9187", g.region, alert), "job": "postgres"}
}

func (g group) annotations(alert int) map[string]string {
	return map[string]string{
		"summary":     fmt.Sprintf("%s: the disk of db-%s-%02d fills up", g.name, g.region, alert),
		"description": fmt.Sprintf("%d %% of /var/lib/postgresql is used, and at this rate it is full in %d minutes.", 80+alert%20, 10+alert),
		"runbook_url": "https://runbooks.example/" + g.name,
	}
}
