package alert_test

import (
	"testing"

	"github.com/rap-analyzer/rapbot/alert"
)

func TestMatch(t *testing.T) {
	labels := map[string]string{"alertname": "Lag", "region": "us-east-1", "note": "a\nb"}
	for _, c := range []struct {
		conditions map[string]string
		admits     bool
		name       string
	}{
		{nil, true, ""},
		{map[string]string{"alertname": "Lag"}, true, "Lag"},
		{map[string]string{"alertname": "Lag", "region": "~us-.*"}, true, "Lag"},
		{map[string]string{"alertname": "Lag", "region": "~eu-.*"}, false, "Lag"},
		{map[string]string{"alertname": "~La"}, false, "alertname=~La"}, // the whole value
		{map[string]string{"alertname": "~a|Lag|b"}, true, "alertname=~a|Lag|b"},
		{map[string]string{"severity": ""}, true, "severity="},
		{map[string]string{"severity": "~.+", "region": "us-east-1"}, false, "region=us-east-1, severity=~.+"},
		{map[string]string{"note": "~a.b"}, true, "note=~a.b"},
		{map[string]string{"region": "us-east-."}, false, "region=us-east-."},
	} {
		m, err := alert.ParseMatch(c.conditions)
		if err != nil {
			t.Fatal(err)
		}
		if have := m.Admits(labels); have != c.admits || m.Name() != c.name {
			t.Errorf("%v: %t, named %q", c.conditions, have, m.Name())
		}
	}
	if _, err := alert.ParseMatch(map[string]string{"region": "~("}); err == nil {
		t.Error("a broken regular expression is taken")
	}
}
