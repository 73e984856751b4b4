package charts

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot/lab/installed"
)

const rulesFolder = "multi-region/rules"

// TestRules has promtool play out time: each rule fires when it should, and not
// a moment before.
func TestRules(t *testing.T) {
	promtool, err := installed.Find("promtool")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(rulesFolder + "/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no rules: ", err)
	}
	var rules, tests []string
	for _, f := range files {
		if strings.HasSuffix(f, "_test.yaml") {
			tests = append(tests, filepath.Base(f))
		} else {
			rules = append(rules, filepath.Base(f))
		}
	}
	for _, args := range [][]string{append([]string{"check", "rules"}, rules...), append([]string{"test", "rules"}, tests...)} {
		cmd := exec.Command(promtool, args...)
		cmd.Dir = rulesFolder
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// TestEveryRule has a test of its own, and says what people need: how bad, what
// and what to do. Every metric of ours that it is about is one that is asked for.
func TestEveryRule(t *testing.T) {
	entries, err := Rules.ReadDir(rulesFolder)
	if err != nil {
		t.Fatal(err)
	}
	var rules, tests string
	for _, e := range entries {
		text, err := Rules.ReadFile(rulesFolder + "/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(e.Name(), "_test.yaml") {
			tests += string(text)
		} else {
			rules += string(text)
		}
	}
	parts := strings.Split(rules, "- alert: ")[1:]
	if len(parts) < 7 {
		t.Fatalf("only %d rules", len(parts))
	}
	for _, part := range parts {
		name, rest, _ := strings.Cut(part, "\n")
		for _, needed := range []string{"severity: ", "summary: ", "description: ", "runbook_url: https://runbooks.example.com/rap-analyzer/" + name + "\n", "for: "} {
			if !strings.Contains(rest+"\n", needed) {
				t.Errorf("%s has no %s", name, needed)
			}
		}
		if !strings.Contains(rest, "by (region") && !strings.Contains(rest, "region: ") {
			t.Errorf("%s has no label region", name)
		}
		if !strings.Contains(tests, "alertname: "+name+"\n") {
			t.Errorf("%s is tested nowhere", name)
		}
	}
	for _, metric := range regexp.MustCompile(`rap_[a-z_]+`).FindAllString(rules, -1) {
		if !asked(metric) {
			t.Errorf("the rules are about %s, which nobody asks for", metric)
		}
	}
}

// asked reports whether a metric is made of a query's name and one of its
// columns.
func asked(metric string) bool {
	query := ""
	for line := range strings.Lines(ExporterQueries) {
		if name, is := strings.CutSuffix(strings.TrimRight(line, "\n"), ":"); is && strings.HasPrefix(name, "rap_") {
			query = name
		}
		column, _, is := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "- "), ": {usage: GAUGE")
		if is && query+"_"+column == metric {
			return true
		}
	}
	return false
}
