package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// report prints a table for each side, and how they compare.
func report(to io.Writer, sides []*side) {
	if slices.ContainsFunc(sides, func(s *side) bool { return len(s.results) == 0 }) {
		return // nothing to compare
	}
	for _, s := range sides {
		fmt.Fprintf(to, "\n%s\n", s.about)
		table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(table, "run\tto\tgap ms\tdecision ms\trows\tlost\t")
		rows := 0
		for i, r := range s.results {
			fmt.Fprintf(table, "%d\t%s\t%d\t%d\t%d\t%d\t\n", i+1, r.to, r.gap.Milliseconds(), r.decision.Milliseconds(), r.acknowledged, r.lost)
			rows += r.acknowledged
		}
		for _, line := range []struct {
			name string
			of   func([]time.Duration) time.Duration
		}{{"median", median}, {"max", slices.Max[[]time.Duration]}} {
			fmt.Fprintf(table, "%s\t\t%d\t%d\t\t\t\n", line.name, line.of(gaps(s.results)).Milliseconds(), line.of(decisions(s.results)).Milliseconds())
		}
		fmt.Fprintf(table, "in all\t\t\t\t%d\t%d\t\n", rows, s.lost())
		_ = table.Flush() // the terminal has gone
	}
	if len(sides) < 2 {
		return
	}
	ours, theirs := sides[0], sides[1]
	fmt.Fprintf(to, "\nmedian write gap, %s / %s: %.2f; from the decision to the first row: %.2f\n", ours.name, theirs.name,
		ratio(gaps(ours.results), gaps(theirs.results)), ratio(decisions(ours.results), decisions(theirs.results)))
}

func ratio(ours, theirs []time.Duration) float64 {
	return median(ours).Seconds() / median(theirs).Seconds()
}
