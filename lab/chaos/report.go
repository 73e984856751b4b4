package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/rap-analyzer/rapbot/lab/chaos/judge"
	"github.com/rap-analyzer/rapbot/lab/chaos/play"
)

// report is what came of a series.
type report struct {
	Seed    uint64         `json:"seed"`
	Runs    int            `json:"runs"`
	Took    time.Duration  `json:"took"`
	Worlds  int            `json:"worlds"`
	Rows    int            `json:"acknowledged_rows"`
	Samples int            `json:"probe_samples"`
	Checked []promise      `json:"invariants"`
	Broken  []play.Result  `json:"broken"`
	Results []play.Result  `json:"results"`
	Mended  map[string]int `json:"mended_by_the_lab,omitempty"`
}

type promise struct {
	Number string `json:"number"`
	Means  string `json:"means"`
	Broken int    `json:"broken"`
}

func newReport(seed uint64, took time.Duration, results []play.Result) report {
	r := report{Seed: seed, Runs: len(results), Took: took, Results: results, Mended: map[string]int{}}
	count := play.Breaches(results)
	for _, i := range judge.Invariants {
		r.Checked = append(r.Checked, promise{i.Number, i.Means, count[i.Number]})
	}
	for _, res := range results {
		r.Worlds = max(r.Worlds, res.World)
		r.Rows += res.Acked
		r.Samples += res.Samples
		if res.Broken() {
			r.Broken = append(r.Broken, res)
		}
		if len(res.Mended) > 0 {
			r.Mended[res.Scenario.Title()]++
		}
	}
	return r
}

func (r report) write(file string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// group is the runs of one line of the table.
type group struct {
	name     string
	runs     []play.Result
	outcomes map[string]int
}

func (r report) print(to io.Writer) {
	if r.Runs == 0 {
		return
	}
	fmt.Fprintf(to, "\n%d runs of seed %d in %s, %d worlds, %d acknowledged rows, %d probe samples\n\n", r.Runs, r.Seed, r.Took.Round(time.Second), r.Worlds, r.Rows, r.Samples)
	table(to, "operation", groups(r.Results, func(res play.Result) []string { return []string{res.Scenario.Title()} }))
	fmt.Fprintln(to)
	table(to, "disturbance", groups(r.Results, disturbances))
	fmt.Fprintln(to)
	r.figures(to)
	fmt.Fprintln(to)
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, p := range r.Checked {
		verdict := "kept"
		if p.Broken > 0 {
			verdict = fmt.Sprintf("BROKEN %d times", p.Broken)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", p.Number, verdict, p.Means)
	}
	w.Flush()
	for _, res := range r.Broken {
		fmt.Fprintln(to)
		for _, line := range finding(r.Seed, res) {
			fmt.Fprintln(to, line)
		}
	}
}

func disturbances(res play.Result) []string {
	if len(res.Scenario.Disturbances) == 0 {
		return []string{"none"}
	}
	var all []string
	for _, d := range res.Scenario.Disturbances {
		name := string(d.Act)
		switch {
		case d.Act == play.Crash:
			name += " " + d.Point
		case d.Who != "":
			name += " " + string(d.Who)
		}
		if !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

func groups(results []play.Result, names func(play.Result) []string) []group {
	known := map[string]*group{}
	for _, res := range results {
		for _, name := range names(res) {
			if known[name] == nil {
				known[name] = &group{name: name, outcomes: map[string]int{}}
			}
			known[name].runs = append(known[name].runs, res)
			known[name].outcomes[res.Outcome]++
		}
	}
	var all []group
	for _, g := range known {
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b group) int { return cmp.Or(len(b.runs)-len(a.runs), cmp.Compare(a.name, b.name)) })
	return all
}

func table(to io.Writer, what string, all []group) {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\truns\tmedian run\tmedian gap\trows lost\toutcomes\n", what)
	for _, g := range all {
		var took, gap []time.Duration
		lost := 0
		for _, res := range g.runs {
			took, gap = append(took, res.Took), append(gap, res.Gap)
			lost += res.Lost
		}
		fmt.Fprintf(w, "%s\t%d\t%.1f s\t%d ms\t%d\t%s\n", g.name, len(g.runs), median(took).Seconds(), median(gap).Milliseconds(), lost, counts(g.outcomes))
	}
	w.Flush()
}

// figures are the distributions that the invariants bound.
func (r report) figures(to io.Writer) {
	var rollbacks []time.Duration
	failovers, exact, mended := 0, 0, 0
	for _, res := range r.Results {
		if res.Rollback > 0 {
			rollbacks = append(rollbacks, res.Rollback)
		}
		for _, o := range res.Operations {
			if o.Bound != "" && o.State == "succeeded" {
				failovers++
			}
		}
		exact += len(res.Losses)
		if len(res.Mended) > 0 {
			mended++
		}
	}
	if len(rollbacks) > 0 {
		slices.Sort(rollbacks)
		fmt.Fprintf(to, "after a rollback writes were back (I5): %d times, median %d ms, longest %d ms\n", len(rollbacks), median(rollbacks).Milliseconds(), rollbacks[len(rollbacks)-1].Milliseconds())
	}
	fmt.Fprintf(to, "failovers that promoted: %d, of %d the lab counted the loss in the old primary's log (I7)\n", failovers, exact)
	fmt.Fprintf(to, "runs after which the lab and not rapbot made the fleet whole: %d\n", mended)
}

func median(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

func counts(outcomes map[string]int) string {
	type one struct {
		name string
		n    int
	}
	var all []one
	for name, n := range outcomes {
		all = append(all, one{name, n})
	}
	slices.SortFunc(all, func(a, b one) int { return cmp.Or(b.n-a.n, cmp.Compare(a.name, b.name)) })
	text := ""
	for i, o := range all {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%d %s", o.n, o.name)
	}
	return text
}
