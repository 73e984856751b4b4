package main

import (
	"fmt"
	"io"
	"time"

	"github.com/rap-analyzer/rapbot/lab/chaos/play"
)

// progress says on the terminal how far the runs have come.
type progress struct {
	to      io.Writer
	began   time.Time
	every   time.Duration // between two lines, unless each run has one
	last    time.Time
	verbose bool
	seed    uint64
	total   int
	done    int
	broken  int
}

func newProgress(to io.Writer, o options) *progress {
	return &progress{to: to, began: time.Now(), every: 15 * time.Second, verbose: o.verbose, seed: o.seed, total: len(o.numbers())}
}

func (p *progress) say(format string, args ...any) {
	fmt.Fprintf(p.to, "[%5.0fs] %s\n", time.Since(p.began).Seconds(), fmt.Sprintf(format, args...))
}

// told takes in what came of one run.
func (p *progress) told(r play.Result) {
	if p.done == 0 {
		p.last = time.Now() // the start of the world is no part of the rate
	}
	p.done++
	if p.verbose {
		p.say("run %d, %.1f s, %s — %s%s", r.Scenario.Run, r.Took.Seconds(), r.Outcome, r.Scenario, lostOf(r))
		for _, told := range r.Told {
			p.say("    told: %s", told)
		}
	}
	if r.Broken() {
		p.broken++
		for _, line := range finding(p.seed, r) {
			p.say("%s", line)
		}
	}
	if time.Since(p.last) >= p.every || p.done == p.total {
		p.last = time.Now()
		each := time.Since(p.began) / time.Duration(p.done)
		p.say("%d of %d runs, %d broken, %.1f s each, %s to go", p.done, p.total, p.broken, each.Seconds(), (each * time.Duration(p.total-p.done)).Round(time.Second))
	}
}

func lostOf(r play.Result) string {
	if r.Lost == 0 {
		return ""
	}
	return fmt.Sprintf(" — %d rows lost", r.Lost)
}

// finding tells a broken run and how to repeat it.
func finding(seed uint64, r play.Result) []string {
	lines := []string{fmt.Sprintf("BROKEN run %d of seed %d, world %d, %s to %s: %s", r.Scenario.Run, seed, r.World, r.Regions[play.Primary], r.Regions[play.Target], r.Scenario)}
	for _, b := range r.Breaches {
		lines = append(lines, "    "+b.Invariant+": "+b.What)
	}
	if r.Beyond != "" {
		lines = append(lines, "    beyond repair: "+r.Beyond)
	}
	return append(lines, fmt.Sprintf("    repeat: go run ./lab/chaos --seed %d --only %d -v", seed, r.Scenario.Run))
}
