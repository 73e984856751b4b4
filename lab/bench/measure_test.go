package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/regions"
)

// Rows 1 to 3 went to port 1, then the primary moved, and from row 5 on they went to port 2; row 4 was never acknowledged.
func acknowledged() (began time.Time, acks []regions.Ack) {
	began = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return began.Add(time.Duration(ms) * time.Millisecond) }
	return began, []regions.Ack{{ID: 1, At: at(1), Port: 1}, {ID: 2, At: at(5), Port: 1}, {ID: 3, At: at(9), Port: 1}, {ID: 5, At: at(409), Port: 2}, {ID: 6, At: at(411), Port: 2}}
}

func TestFigures(t *testing.T) {
	began, acks := acknowledged()
	if got := longestGap(acks); got != 400*time.Millisecond {
		t.Errorf("the longest gap is %v", got)
	}
	if got := firstElsewhere(acks, began.Add(6*time.Millisecond), 1).Sub(began); got != 409*time.Millisecond {
		t.Errorf("the first row elsewhere comes at %v", got)
	}
	if got := lostOf(acks, []int64{2, 4, 6, 99}); got != 2 {
		t.Errorf("%d of the rows are lost", got)
	}
	for _, c := range []struct {
		of   []time.Duration
		want time.Duration
	}{{[]time.Duration{9}, 9}, {[]time.Duration{9, 1, 4}, 4}, {[]time.Duration{8, 1, 9, 4}, 6}} {
		if got := median(c.of); got != c.want {
			t.Errorf("the median of %v is %d, want %d", c.of, got, c.want)
		}
	}
}

func TestRouteGoesRoundAndBack(t *testing.T) {
	r := newRoute([]string{"a", "b", "c"})
	at, was := "a", ""
	for range 5 {
		at = r.from(at)
		was += at
	}
	if was != "bacab" {
		t.Errorf("the route is %s", was)
	}
}

// Both sides are in the table and in the plot, and rows that were lost are named.
func TestReport(t *testing.T) {
	run := func(ms int, lost int) result {
		return result{to: "there", gap: time.Duration(ms) * time.Millisecond, decision: time.Duration(2*ms) * time.Millisecond, acknowledged: 1000, lost: lost}
	}
	sides := []*side{
		{name: "rapbot", about: "rapbot's", results: []result{run(300, 0), run(500, 0), run(400, 0)}},
		{name: "Patroni", about: "Patroni's", results: []result{run(1600, 0), run(1500, 7), run(1700, 0)}},
	}
	planned := series{name: "planned", title: "PLANNED", axis: "ms", figures: plannedFigures, sides: sides}
	var b strings.Builder
	report(&b, planned)
	squeezed := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{"2 there 1500 3000 1000 7", "median 400 800", "max 1700 3400", "in all 3000 7", "rapbot / Patroni: 0.25; from the decision to the first row: 0.25"} {
		if !strings.Contains(squeezed, want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	b.Reset()
	if report(&b, series{sides: []*side{sides[0], {name: "Patroni"}}}); b.Len() > 0 {
		t.Errorf("a report without a run:\n%s", b.String())
	}
	for ending, magic := range map[string]string{"svg": "<?xml", "png": "\x89PNG"} {
		file := filepath.Join(t.TempDir(), "gaps."+ending)
		if err := plotGaps(file, planned); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(file)
		if err != nil || !strings.HasPrefix(string(text), magic) {
			t.Errorf("%s: %v, %.20q", file, err, text)
		}
		if ending == "svg" && !strings.Contains(string(text), "Patroni: median 1600 ms, 7 rows lost") {
			t.Error("the legend does not tell of the lost rows")
		}
	}
}

// An emergency's table has what lies before the decision and after the first row.
func TestReportOfAnEmergency(t *testing.T) {
	killed := result{to: "there", gap: 2500 * time.Millisecond, plan: 1500 * time.Millisecond, decision: 900 * time.Millisecond, mended: 4 * time.Second, acknowledged: 700, lost: 3}
	all := []*contender{
		{planned: &side{name: "rapbot"}, emergency: &side{name: "rapbot", results: []result{killed}}},
		{planned: &side{name: "Patroni"}, emergency: &side{name: "Patroni", change: &patroniFailover{}, results: []result{killed}}},
	}
	got := options{emergencyRuns: 10, emergencyPeerRuns: 3}.series(all)
	if len(got) != 1 || got[0].name != "emergency" || got[0].sides[0].runs != 10 || got[0].sides[1].runs != 3 {
		t.Fatalf("%+v", got)
	}
	var b strings.Builder
	report(&b, got[0])
	if squeezed := strings.Join(strings.Fields(b.String()), " "); !strings.Contains(squeezed, "gap ms plan ms decision ms whole ms rows lost 1 there 2500 1500 900 4000 700 3") {
		t.Errorf("the table:\n%s", b.String())
	}
	if name := got[0].file("bin/failover.svg"); name != "bin/failover-emergency.svg" {
		t.Errorf("the plot is %s", name)
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		o    options
		want string
	}{
		{options{runs: 1, out: []string{"a.svg", "b.png"}}, ""},
		{options{emergencyRuns: 1}, ""},
		{options{runs: -1, emergencyRuns: 1}, "at least one run"},
		{options{emergencyPeerRuns: 3}, "at least one run"},
		{options{runs: 1, out: []string{"a.gif"}}, "a.gif"},
	} {
		if got := fmt.Sprint(c.o.check()); c.want == "" && got != "<nil>" || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %s", c.o, got)
		}
	}
}
