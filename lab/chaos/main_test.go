package main

import (
	"flag"
	"io"
	"strconv"
	"strings"
	"testing"
)

var (
	runs = flag.Int("runs", 20, "how many runs of TestChaos")
	seed = flag.Uint64("seed", 1, "what TestChaos draws them from")
)

// TestChaos plays runs and wants no promise broken. Its seed is always the same: a series with another one is what make chaos is for.
func TestChaos(t *testing.T) {
	var misused bool
	cmd := command(&misused)
	cmd.SetArgs([]string{"--runs", strconv.Itoa(*runs), "--seed", strconv.FormatUint(*seed, 10), "--worlds", "2", "--verbose"})
	cmd.SetOut(t.Output())
	cmd.SetErr(t.Output())
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestMisuse(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"--runs 0", "--runs, --worlds and --fresh are at least 1"},
		{"--worlds 0", "--runs, --worlds and --fresh are at least 1"},
		{"--seed never", `invalid argument "never"`},
		{"anything", `unknown command "anything"`},
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

func TestTheSameSeedPlaysTheSameRuns(t *testing.T) {
	list := func(seed string) string {
		var out strings.Builder
		var misused bool
		cmd := command(&misused)
		cmd.SetArgs([]string{"--list", "--runs", "50", "--seed", seed})
		cmd.SetOut(&out)
		if err := cmd.ExecuteContext(t.Context()); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first, again := list("7"), list("7")
	if first != again {
		t.Error("seed 7 draws other runs the second time")
	}
	if first == list("8") {
		t.Error("seeds 7 and 8 draw the same runs")
	}
}
