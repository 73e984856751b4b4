package regions

import (
	"strings"
	"testing"
)

func TestSlotName(t *testing.T) {
	for region, want := range map[string]string{
		"us-east-1":      "use1",
		"us-west-2":      "usw2",
		"eu-west-1":      "euw1",
		"ap-southeast-2": "apse2",
		"ca-central-1":   "cac1",
		"me-middle-1":    "mem1",
		"home":           "home",
	} {
		if got := SlotName(region); got != want {
			t.Errorf("SlotName(%q) = %q, want %q", region, got, want)
		}
	}
}

func TestCheckNames(t *testing.T) {
	for _, test := range []struct {
		names []string
		want  string
	}{
		{[]string{"us-east-1", "us-west-2"}, ""},
		{[]string{"us-east-1"}, "at least two"},
		{[]string{"us-east-1", "us-e-1"}, "both shorten to the slot name use1"},
		{[]string{"us-east-1", "../etc"}, "cannot name a region"},
		{[]string{"us-east-1", "US-west-2"}, "cannot name a region"},
		{[]string{"us-east-1", "-"}, "cannot name a region"},
	} {
		err := checkNames(test.names)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%q: %v", test.names, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%q: got %v, want an error with %q", test.names, err, test.want)
		}
	}
}
