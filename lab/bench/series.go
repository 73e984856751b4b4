package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rap-analyzer/rapbot/lab/peers/patroni"
)

// contender is one that is compared, with a world of its own. Its sides share the world and its writer.
type contender struct {
	planned, emergency *side
	close              func() error
}

// series is one kind of change, made by every side in turn.
type series struct {
	name, title string // the name is part of the plot's file name
	axis        string
	figures     []figure
	sides       []*side
}

// failover measures changes of the primary on both sides and shows what came of them.
func failover(ctx context.Context, o options, to io.Writer, say progress) (err error) {
	dir, err := os.MkdirTemp("", "rapbot-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var all []*contender
	defer func() {
		for _, c := range all {
			err = errors.Join(err, c.close())
		}
	}()
	join := func(c *contender, failed error) error {
		if failed == nil {
			all = append(all, c)
		}
		return failed
	}
	if err := join(startOurs(ctx, filepath.Join(dir, "ours"), o.binaries, "", say)); err != nil {
		return err
	}
	switch versions, missing := patroni.Installed(); {
	case o.before != "":
		err = join(startOurs(ctx, filepath.Join(dir, "before"), o.before, " before", say))
	case missing != nil:
		say("only rapbot is measured: %v", missing)
	default:
		err = join(startPatroni(ctx, versions, say))
	}
	if err != nil {
		return err
	}
	for _, s := range o.series(all) {
		if err := s.run(ctx, o, to, say); err != nil {
			return err
		}
	}
	if lost := all[0].planned.lost(); lost > 0 {
		return fmt.Errorf("rapbot lost %d acknowledged rows in planned changes", lost)
	}
	return nil
}

// series puts the sides together that make the same kind of change. A side without runs is left out.
func (o options) series(all []*contender) []series {
	planned := series{
		name: "planned", figures: plannedFigures, axis: "write gap in ms",
		title: "PLANNED: both sides healthy, nothing may be lost",
	}
	emergency := series{
		name: "emergency", figures: emergencyFigures, axis: "write gap in ms, people and detection included",
		title: "EMERGENCY: the primary is killed with all its processes, as by a power cut",
	}
	for _, c := range all {
		c.planned.runs, c.emergency.runs = o.runs, o.emergencyRuns
		if _, slow := c.emergency.change.(*patroniFailover); slow {
			c.emergency.runs = min(o.emergencyRuns, o.emergencyPeerRuns)
		}
		for into, s := range map[*series]*side{&planned: c.planned, &emergency: c.emergency} {
			if s.runs > 0 {
				into.sides = append(into.sides, s)
			}
		}
	}
	var wanted []series
	for _, s := range []series{planned, emergency} {
		if len(s.sides) > 0 {
			wanted = append(wanted, s)
		}
	}
	return wanted
}

// run makes all runs of a series and shows what came of them. What there is when one fails took time to measure, and is shown too.
func (s series) run(ctx context.Context, o options, to io.Writer, say progress) error {
	err := s.alternate(ctx, say)
	report(to, s)
	if err != nil {
		return err
	}
	for _, file := range o.out {
		file = s.file(file)
		if err := plotGaps(file, s); err != nil {
			return err
		}
		say("drew %s", file)
	}
	return nil
}

// alternate lets the sides take turns, so that what else the machine does hits them alike.
func (s series) alternate(ctx context.Context, say progress) error {
	most := 0
	for _, side := range s.sides {
		most = max(most, side.runs)
	}
	for n := range most {
		for _, side := range s.sides {
			if n >= side.runs {
				continue
			}
			r, err := side.measure(ctx)
			if err != nil {
				return fmt.Errorf("%s run %d of %s: %w%s", s.name, n+1, side.name, err, side.lastWords())
			}
			side.results = append(side.results, r)
			say("%s run %d of %d, %s to %s: write gap %d ms, from the decision %d ms", s.name, n+1, side.runs, side.name, r.to, r.gap.Milliseconds(), r.decision.Milliseconds())
		}
	}
	return nil
}

// file is the name of a series' plot: failover.svg becomes failover-planned.svg.
func (s series) file(name string) string {
	ext := filepath.Ext(name)
	return strings.TrimSuffix(name, ext) + "-" + s.name + ext
}
