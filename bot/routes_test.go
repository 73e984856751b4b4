package bot

import (
	"testing"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

func matching(t *testing.T, conditions map[string]string) alert.Match {
	t.Helper()
	m, err := alert.ParseMatch(conditions)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func groupOf(alerts ...alert.Alert) alert.Group {
	return alert.Group{Latest: alert.Delivery{Alerts: alerts}}
}

func alertOf(status, severity, region string) alert.Alert {
	return alert.Alert{Status: status, Labels: map[string]string{"severity": severity, "region": region}}
}

func TestPlace(t *testing.T) {
	a := &alerts{channel: "alerts", routes: []Route{
		{Match: matching(t, map[string]string{"severity": "critical", "region": "~us-.+"}), Channel: "us-pages"},
		{Match: matching(t, map[string]string{"severity": "critical"}), Channel: "pages"},
		{Match: matching(t, map[string]string{"region": "~us-east"}), Channel: "never: not the whole value"},
		{Match: matching(t, map[string]string{"severity": "none", "region": ""}), Channel: "nowhere"},
	}}
	carded := groupOf(alertOf("firing", "critical", "us-east-1"))
	carded.Card = rapbot.Ref{Channel: "elsewhere", ID: "1"}
	for name, c := range map[string]struct {
		g    alert.Group
		want string
	}{
		"the first that matches":           {groupOf(alertOf("firing", "critical", "us-east-1")), "us-pages"},
		"the next one":                     {groupOf(alertOf("firing", "critical", "eu-west-1")), "pages"},
		"none":                             {groupOf(alertOf("firing", "warning", "us-east-1")), "alerts"},
		"one alert is enough":              {groupOf(alertOf("firing", "warning", "x"), alertOf("firing", "critical", "x")), "pages"},
		"but not half of two":              {groupOf(alertOf("firing", "warning", "us-east-1"), alertOf("firing", "critical", "x")), "pages"},
		"one that has resolved is not":     {groupOf(alertOf("firing", "warning", "x"), alertOf("resolved", "critical", "x")), "alerts"},
		"unless all have":                  {groupOf(alertOf("resolved", "critical", "x")), "pages"},
		"a label that is not there":        {groupOf(alert.Alert{Status: "firing", Labels: map[string]string{"severity": "none"}}), "nowhere"},
		"where its card is":                {carded, "elsewhere"},
		"a label is compared, not a regex": {groupOf(alertOf("firing", "criticalX", "x")), "alerts"},
	} {
		if have := a.place(c.g); have != c.want {
			t.Errorf("%s: %q, want %q", name, have, c.want)
		}
	}
}
