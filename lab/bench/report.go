package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// figure is a column of a table.
type figure struct {
	name string
	of   func(result) time.Duration
}

var (
	plannedFigures   = []figure{{"gap ms", gap}, {"decision ms", decided}}
	emergencyFigures = []figure{{"gap ms", gap}, {"plan ms", plan}, {"decision ms", decided}, {"whole ms", mended}}
)

// report prints a table for each side, and how they compare.
func report(to io.Writer, s series) {
	if slices.ContainsFunc(s.sides, func(s *side) bool { return len(s.results) == 0 }) {
		return // nothing to compare
	}
	fmt.Fprintf(to, "\n%s\n", s.title)
	for _, side := range s.sides {
		fmt.Fprintf(to, "\n%s\n", side.about)
		table(to, side, s.figures)
	}
	ours := s.sides[0]
	for _, theirs := range s.sides[1:] {
		fmt.Fprintf(to, "\n%s: median write gap, %s / %s: %.2f; from the decision to the first row: %.2f\n", s.name, ours.name, theirs.name,
			ratio(ours, theirs, gap), ratio(ours, theirs, decided))
	}
}

func table(to io.Writer, s *side, figures []figure) {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(first, second string, values []string, rest string) {
		fmt.Fprintf(table, "%s\t%s\t", first, second)
		for _, v := range values {
			fmt.Fprintf(table, "%s\t", v)
		}
		fmt.Fprintln(table, rest)
	}
	var names []string
	for _, f := range figures {
		names = append(names, f.name)
	}
	line("run", "to", names, "rows\tlost\t")
	rows := 0
	for i, r := range s.results {
		line(fmt.Sprint(i+1), r.to, each(figures, func(f figure) time.Duration { return f.of(r) }), fmt.Sprintf("%d\t%d\t", r.acknowledged, r.lost))
		rows += r.acknowledged
	}
	line("median", "", each(figures, func(f figure) time.Duration { return median(column(s.results, f.of)) }), "\t\t")
	line("max", "", each(figures, func(f figure) time.Duration { return slices.Max(column(s.results, f.of)) }), "\t\t")
	line("in all", "", make([]string, len(figures)), fmt.Sprintf("%d\t%d\t", rows, s.lost()))
	_ = table.Flush() // the terminal has gone
}

// each is a line of figures in whole milliseconds.
func each(figures []figure, value func(figure) time.Duration) (texts []string) {
	for _, f := range figures {
		texts = append(texts, fmt.Sprint(value(f).Milliseconds()))
	}
	return texts
}

func ratio(ours, theirs *side, of func(result) time.Duration) float64 {
	return median(column(ours.results, of)).Seconds() / median(column(theirs.results, of)).Seconds()
}
