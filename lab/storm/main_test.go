package main

import (
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestStorm lets a small storm rain on the real rapbot, which is killed twice in it, and wants no group lost and nothing said twice.
func TestStorm(t *testing.T) {
	t.Parallel()
	var misused bool
	var out strings.Builder
	cmd := command(&misused)
	cmd.SetArgs(strings.Fields("--through webhook --groups 30 --alerts 300 --over 4s --group-interval 2s --kills 2 --disturb 4s"))
	cmd.SetOut(&out)
	cmd.SetErr(t.Output())
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	t.Log(out.String())
	for _, figure := range []string{`kill -9 2 times`, `digests +[1-9]`, `nobody was told of +0\b`} {
		if !regexp.MustCompile(figure).MatchString(out.String()) {
			t.Errorf("the report does not say %q", figure)
		}
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ args, want string }{
		{"--groups 0", "--groups is at least 1"},
		{"--groups 10 --alerts 9", "--alerts at least as many"},
		{"--kills -1", "--kills is not negative"},
		{"--resolve 2", "--resolve between 0 and 1"},
		{"--over 0s", "--over, --group-wait and --group-interval are more than 0"},
		{"--through mail", "--through is alertmanager or webhook"},
		{"anything", "unknown command"},
	} {
		misused := true
		cmd := command(&misused)
		cmd.SetArgs(strings.Fields(tt.args))
		cmd.SetOut(io.Discard)
		if err := cmd.ExecuteContext(t.Context()); err == nil || !misused || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: have %v, misused %t, want %s", tt.args, err, misused, tt.want)
		}
	}
}

// TestDraw: the same seed makes the same storm, of as many alerts as were asked for, and one group is critical in any case.
func TestDraw(t *testing.T) {
	t.Parallel()
	a, b := draw(7, 40, 413, time.Minute, 0.5), draw(7, 40, 413, time.Minute, 0.5)
	alerts, critical := 0, 0
	for i, g := range a.groups {
		alerts += g.alerts
		if g != b.groups[i] {
			t.Errorf("group %d differs: %v, %v", i, g, b.groups[i])
		}
		if g.severity == "critical" {
			critical++
		}
	}
	if alerts != 413 || critical == 0 || len(a.pushes) < 413 {
		t.Errorf("%d alerts, %d critical groups, %d pushes", alerts, critical, len(a.pushes))
	}
}
