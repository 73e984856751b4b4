package alert_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

func TestMatchers(t *testing.T) {
	for text, want := range map[string]string{
		`alertname="Lag"`:                      `alertname="Lag"`,
		"alertname=Lag\nregion =~ us-.*,":      `alertname="Lag", region=~"us-.*"`,
		"region!=“eu-west-1”\nalertname=Lag\n": `region!="eu-west-1", alertname="Lag"`,
		`a=b c=d`:                   `a="b c=d"`,
		`path="C:\\x \"y\""`:        `path="C:\\x \"y\""`,
		`service.name="api"`:        `service.name="api"`,
		`a!~"b|c"` + "\n" + `d="e"`: `a!~"b|c", d="e"`,
	} {
		got, err := alert.ParseMatchers(text)
		if s := (alert.Silence{Matchers: got}); err != nil || s.Conditions() != want {
			t.Errorf("%q is read as %s (%v), want %s", text, s.Conditions(), err, want)
		}
	}
	for text, want := range map[string]string{
		"":                              "needs a matcher",
		" \n\t\n":                       "needs a matcher",
		"alertname":                     "no = in it",
		"alert name=x":                  "not the name of a label",
		"=x":                            "not the name of a label",
		`a="b`:                          "quotation marks",
		`a=b"`:                          "quotation marks",
		`a=~"("`:                        "not a regular expression",
		`a!x`:                           "no = in it",
		`a="\n"`:                        "control characters",
		`a=""`:                          "match every alert",
		`a=~".*"`:                       "match every alert",
		`a!="b"`:                        "match every alert",
		strings.Repeat("a=b\n", 21):     "20 is the limit",
		"a=" + strings.Repeat("b", 600): "longer than 500",
	} {
		_, err := alert.ParseMatchers(text)
		if err == nil || !strings.Contains(err.Error(), want) || rapbot.ErrorCode(err) != rapbot.Invalid || len(err.Error()) > 600 {
			t.Errorf("%.60q: %v, want %q in it", text, err, want)
		}
	}
}

func TestSilenceCovers(t *testing.T) {
	labels := map[string]string{"alertname": "Lag", "region": "us-west-2"}
	for text, want := range map[string]bool{
		"alertname=Lag":                     true,
		"alertname=Lag\nregion=~us-.*":      true,
		"alertname=Lag\nregion=~west":       false, // anchored
		"alertname=Lag\nregion=~us|eu-.*":   false,
		"alertname=Lag\nregion!=eu-west-1":  true,
		"alertname=Lag\nregion!~us-.*":      false,
		"alertname=Lag\nteam=":              true, // missing is empty
		"alertname=Lag\nteam!=":             false,
		"alertname=Other\nregion=us-west-2": false,
		"region=us-west-2\nalertname=~L.*":  true,
	} {
		m, err := alert.ParseMatchers(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := (alert.Silence{Matchers: m}).Covers(labels); got != want {
			t.Errorf("%q covers it: %t", text, got)
		}
	}
	if (alert.Silence{}).Covers(labels) {
		t.Error("a silence without matchers covers something")
	}
}

func TestSilenceWishes(t *testing.T) {
	now := time.Date(2026, 3, 2, 3, 4, 0, 0, time.UTC)
	good := alert.SilenceWish{Matchers: "alertname=Lag", For: "2h", Comment: " disk \n is being swapped "}
	s, err := alert.PlanSilence(good, rapbot.Person{ID: "U1", Name: "alice"}, now, 24*time.Hour)
	if err != nil || s.CreatedBy != "U1 alice" || s.Comment != "disk is being swapped" || !s.EndsAt.Equal(now.Add(2*time.Hour)) {
		t.Errorf("%+v, %v", s, err)
	}
	for want, change := range map[string]func(*alert.SilenceWish, *rapbot.Person){
		"Guests may not":              func(_ *alert.SilenceWish, p *rapbot.Person) { p.Guest = true },
		"could not find out":          func(_ *alert.SilenceWish, p *rapbot.Person) { p.ID = "" },
		"other workspaces":            func(_ *alert.SilenceWish, p *rapbot.Person) { p.External = true },
		"not a duration":              func(w *alert.SilenceWish, _ *rapbot.Person) { w.For = "two hours" },
		"too short":                   func(w *alert.SilenceWish, _ *rapbot.Person) { w.For = "-2h" },
		"2 d is longer than the 24 h": func(w *alert.SilenceWish, _ *rapbot.Person) { w.For = "48h" },
		"needs a comment":             func(w *alert.SilenceWish, _ *rapbot.Person) { w.Comment = " \n" },
		"needs a matcher":             func(w *alert.SilenceWish, _ *rapbot.Person) { w.Matchers = "" },
	} {
		w, p := good, rapbot.Person{ID: "U1", Name: "alice"}
		change(&w, &p)
		if _, err := alert.PlanSilence(w, p, now, 24*time.Hour); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q in it", err, want)
		}
	}
}
