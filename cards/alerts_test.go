package cards

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func firing(name, region, severity string) alert.Group {
	labels := map[string]string{"alertname": name, "region": region, "severity": severity}
	return alert.Group{ID: name, Latest: alert.Delivery{Status: "firing", Alerts: []alert.Alert{{Status: "firing", Labels: labels, StartsAt: noon}}}}
}

// TestAlertsWorstFirst also holds the list to its bounds: a storm fits into one
// message, and the worst of it is what is shown.
func TestAlertsWorstFirst(t *testing.T) {
	groups := []alert.Group{firing("Odd", "us-west-2", "purple"), firing("Info", "us-west-2", "info")}
	for i := range 40 {
		groups = append(groups, firing(fmt.Sprintf("Warning%d", i), "us-west-2", "warning"))
	}
	groups = append(groups, firing("Bad\n"+strings.Repeat("x", 500), "eu-west-1", "critical"))
	var silences []alert.Silence
	for i := range 30 {
		silences = append(silences, alert.Silence{ID: fmt.Sprint("s", i), Matchers: []alert.Matcher{{Name: "a", Value: strings.Repeat("y", 500)}}, EndsAt: noon, Comment: strings.Repeat("z", 500)})
	}
	m := Alerts(groups, silences, "", "", noon)
	lines := strings.Split(m.Plain(), "\n")
	if len(lines) != 1+maxAlertGroups+1+1+maxSilences+1 || len(m.Blocks) > 50 {
		t.Errorf("%d lines in %d blocks", len(lines), len(m.Blocks))
	}
	for at, want := range map[int]string{0: "43 alert groups fire", 1: "✕ critical Bad x", 2: "purple Odd", 3: "Warning0", 21: "and 23 more", 22: "30 silences", 33: "and 20 more"} {
		if !strings.Contains(lines[at], want) || len(lines[at]) > 900 {
			t.Errorf("line %d is %q, want %q in it", at, lines[at], want)
		}
	}
	if strings.Contains(m.Plain(), "Info") {
		t.Error("the least of it is shown in place of something worse")
	}
	one := Alerts(groups, nil, "", "eu-west-1", noon).Plain()
	if !strings.HasPrefix(one, "1 alert group fires in eu-west-1\n✕ critical Bad") || strings.Count(one, "\n") != 1 {
		t.Errorf("one region:\n%s", one)
	}
	if got := Alerts(nil, nil, "Alertmanager gives no answer.", "", noon).Plain(); got != "Nothing fires\nSilences: Alertmanager gives no answer." {
		t.Errorf("nothing:\n%s", got)
	}
}

// TestDiagnosisNamesWhatIsWrong: each kind of wrong has a sentence, and a fleet
// that is as it should be has none.
func TestDiagnosisNamesWhatIsWrong(t *testing.T) {
	limits := rapbot.Limits{MaxLag: 30 * time.Second, MaxLagBytes: 1 << 20}
	fleet := func(change func(p, r *rapbot.Server)) rapbot.Topology {
		p := rapbot.Server{SystemID: "7", Timeline: 1, Flush: 8 << 20, Clock: noon, Version: 170000}
		r := rapbot.Server{SystemID: "7", Timeline: 1, InRecovery: true, Replay: 8 << 20, Version: 170000, Receiver: &rapbot.Receiver{Status: "streaming", Timeline: 1}}
		change(&p, &r)
		return rapbot.Assess([]rapbot.Sighting{{Region: "p", At: noon, Answered: true, LastAnswer: noon, Server: p}, {Region: "r", At: noon, Answered: true, LastAnswer: noon, Server: r}}, noon)
	}
	for want, change := range map[string]func(p, r *rapbot.Server){
		"rapbot sees nothing wrong":       func(_, _ *rapbot.Server) {},
		"r is 4.0 MiB":                    func(_, r *rapbot.Server) { r.Replay = 4 << 20 },
		"Replay is paused on r":           func(_, r *rapbot.Server) { r.ReplayPaused = true },
		"r is not streaming":              func(_, r *rapbot.Server) { r.Receiver = nil },
		"The slot r1 on p is lost":        func(p, _ *rapbot.Server) { p.Slots = []rapbot.Slot{{Name: "r1", Status: "lost"}} },
		"refuses writes: it is read-only": func(p, _ *rapbot.Server) { p.ReadOnly = true },
		"rapbot lacks privileges on r":    func(_, r *rapbot.Server) { r.MissingGrants = []string{"pg_monitor"} },
	} {
		for _, regions := range [][]string{nil, {"r"}} {
			got := Diagnosis(fleet(change), regions, nil, limits, nil).Plain()
			if !strings.Contains(got, want) || strings.Contains(got, "nothing wrong") != (want == "rapbot sees nothing wrong") {
				t.Errorf("about %v: %q is not what it says:\n%s", regions, want, got)
			}
		}
	}
}
