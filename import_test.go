package rapbot_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/rap-analyzer/rapbot"

// rules say what a package of ours may import of ours and of others. The
// first rule whose prefix fits a package counts.
var rules = []struct {
	pkg     string
	ours    []string // prefixes below the module
	foreign []string // prefixes; nil for none, "*" for any
	why     string
}{
	{"", []string{}, nil, "the domain imports nothing of ours and only the standard library"},
	{"alert", []string{""}, nil, "alerts are of the domain too"},
	{"cards", []string{"", "alert"}, nil, "cards are pure"},
	{"commands", []string{"", "alert", "cards"}, nil, "commands ask the desk, not the world"},
	{"deploy", []string{""}, nil, "plans and steps of releases work over ports"},
	{"bot", []string{"", "alert", "cards", "commands", "deploy"}, []string{"go.uber.org/zap", "golang.org/x/sync"}, "the bot knows no SDK"},
	{"config", []string{"", "alert"}, []string{"go.yaml.in/yaml"}, "config knows no adapter"},
	{"integrations/", []string{"", "alert", "own"}, []string{"*"}, "adapters import the domain and never each other"},
	{"charts", []string{}, nil, "the charts are files, embedded for who installs them"},
	{"lab", []string{"", "charts", "commands", "lab"}, []string{"*"}, "the lab runs the real binary and links none of its adapters"},
	{"cmd/rapbot", []string{"", "alert", "bot", "cards", "charts", "commands", "config", "deploy", "integrations"}, []string{"*"}, "main wires, and links nothing of the lab"},
}

// TestImportsPointOneWay keeps the house as ARCHITECTURE.md draws it.
func TestImportsPointOneWay(t *testing.T) {
	for _, p := range packages(t) {
		own := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		for _, rule := range rules {
			if own != rule.pkg && !(rule.pkg != "" && strings.HasPrefix(own, rule.pkg)) {
				continue
			}
			for _, imp := range p.Imports {
				if bad := forbidden(own, imp, rule.ours, rule.foreign); bad {
					t.Errorf("%s imports %s: %s", own, imp, rule.why)
				}
			}
			break
		}
	}
}

func forbidden(own, imp string, ours, foreign []string) bool {
	rest, is := strings.CutPrefix(imp, module)
	if !is {
		return foreignForbidden(imp, foreign)
	}
	rest = strings.TrimPrefix(rest, "/")
	for _, allowed := range ours {
		switch {
		case allowed == "own":
			parts := strings.Split(own, "/")
			if len(parts) > 1 && (rest == strings.Join(parts[:2], "/") || strings.HasPrefix(rest, strings.Join(parts[:2], "/")+"/")) {
				return false
			}
		case rest == allowed || allowed != "" && strings.HasPrefix(rest, allowed+"/"):
			return false
		}
	}
	return true
}

func foreignForbidden(imp string, allowed []string) bool {
	first, _, _ := strings.Cut(imp, "/")
	if !strings.Contains(first, ".") {
		return false // standard library
	}
	for _, a := range allowed {
		if a == "*" || strings.HasPrefix(imp, a) {
			return false
		}
	}
	return true
}

// TestDomainDoesNoIO keeps clocks, randomness and the outside world out of the
// domain.
func TestDomainDoesNoIO(t *testing.T) {
	outside := []string{"os", "net", "io", "log", "math/rand", "crypto/rand", "database/sql", "syscall"}
	for _, p := range packages(t) {
		if p.ImportPath != module && p.ImportPath != module+"/alert" {
			continue
		}
		for _, imp := range p.Imports {
			for _, o := range outside {
				if imp == o || strings.HasPrefix(imp, o+"/") {
					t.Errorf("%s imports %s", p.ImportPath, imp)
				}
			}
		}
		for _, file := range p.GoFiles {
			text, err := os.ReadFile(filepath.Join(p.Dir, file))
			if err != nil {
				t.Fatal(err)
			}
			for _, clock := range []string{"time.Now(", "time.Since(", "time.After(", "time.Sleep("} {
				if strings.Contains(string(text), clock) {
					t.Errorf("%s of %s reads the clock: %s", file, p.ImportPath, clock)
				}
			}
		}
	}
}

type goPackage struct {
	ImportPath, Dir  string
	Imports, GoFiles []string // of what is built, not of tests
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []goPackage
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
