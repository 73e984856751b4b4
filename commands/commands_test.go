package commands

import (
	"flag"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rap-analyzer/rapbot"
)

var update = flag.Bool("update", false, "rewrite docs/commands.md")

var regions = []string{"us-east-1", "us-west-2", "eu-west-1"}

func TestManualIsFresh(t *testing.T) {
	const file = "../docs/commands.md"
	if *update {
		if err := os.WriteFile(file, []byte(Manual()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != Manual() {
		t.Error("docs/commands.md is not what the commands say; run go test ./commands -update")
	}
}

// TestExamplesParse makes sure that everything the help shows can be typed.
func TestExamplesParse(t *testing.T) {
	for _, c := range All() {
		if len(c.Examples) == 0 || c.Summary == "" || c.Run == nil {
			t.Errorf("%s lacks an example, a summary or its work", c.Name)
		}
		for _, e := range c.Examples {
			if got, _, err := Parse(e, regions); err != nil || got.Name != c.Name {
				t.Errorf("/rap %s: %v", e, err)
			}
		}
	}
}

// TestHintFits holds the usage hint to the limit of Slack's app manifest.
func TestHintFits(t *testing.T) {
	if n := utf8.RuneCountInString(Hint()); n > 1000 {
		t.Errorf("the usage hint is %d characters long; the manifest allows 1000", n)
	}
}

func TestParse(t *testing.T) {
	tests := []struct {
		text  string
		args  map[string]string
		flags map[string]string
	}{
		{"failover us-west-2", map[string]string{"region": "us-west-2"}, nil},
		{"  FAILOVER   US-West-2 ", map[string]string{"region": "us-west-2"}, nil},
		{"failover us-west-2 --reason kernel update --dry-run", map[string]string{"region": "us-west-2"}, map[string]string{"reason": "kernel update", "dry-run": "true"}},
		{"failover --reason=kernel update -- us-west-2", nil, nil},
		{"failover us-west-2 —reason “kernel — update”", map[string]string{"region": "us-west-2"}, map[string]string{"reason": "kernel — update"}},
		{`failover us-west-2 --reason "--dry-run is a flag"`, map[string]string{"region": "us-west-2"}, map[string]string{"reason": "--dry-run is a flag"}},
		{"approve #7", map[string]string{"operation": "7"}, nil},
		{"approve 7 1a2b3c4d", map[string]string{"operation": "7", "digest": "1a2b3c4d"}, nil},
	}
	for _, tt := range tests {
		_, call, err := Parse(tt.text, regions)
		if tt.args == nil {
			if err == nil {
				t.Errorf("%q was understood as %v %v", tt.text, call.Args, call.Flags)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", tt.text, err)
			continue
		}
		for k, want := range tt.args {
			if call.Args[k] != want {
				t.Errorf("%q: %s is %q, want %q", tt.text, k, call.Args[k], want)
			}
		}
		if len(call.Flags) != len(tt.flags) {
			t.Errorf("%q: flags %v, want %v", tt.text, call.Flags, tt.flags)
		}
		for k, want := range tt.flags {
			if call.Flags[k] != want {
				t.Errorf("%q: --%s is %q, want %q", tt.text, k, call.Flags[k], want)
			}
		}
	}
}

func TestMistakesSayWhatToType(t *testing.T) {
	tests := map[string]string{
		"staus":                          "/rap status",
		"fail us-west-2":                 "/rap failover us-west-2",
		"failovre us-wets-2":             "/rap failover us-west-2",
		"failover us-west-3":             "/rap failover us-west-2",
		"failover":                       "/rap failover <region>",
		"approve":                        "/rap approve <operation>",
		"failover us-west-2 eu-west-1":   "too many",
		"failover us-west-2 --reason":    "--reason needs words",
		"failover us-west-2 --dry-run=1": "takes no value",
		"failover us-west-2 --frce":      "no flag --frce",
		strings.Repeat("x", 5000):        "limit",
	}
	for text, want := range tests {
		_, _, err := Parse(text, regions)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q in it", text, err, want)
		}
		if code := rapbot.ErrorCode(err); code == rapbot.Internal {
			t.Errorf("%.40q: an internal error: %v", text, err)
		}
	}
}

// FuzzParse holds the parser to three promises: it never panics, its errors
// are for people and bounded, and what it accepts is complete.
func FuzzParse(f *testing.F) {
	for _, c := range All() {
		for _, e := range c.Examples {
			f.Add(e)
		}
	}
	for _, s := range []string{"", "\x00", "—", "\"", "“”", "failover \xff", "help help", "--", "approve 00", "status --now --now", strings.Repeat("a ", 2000)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cmd, call, err := Parse(text, regions)
		if err != nil {
			if rapbot.ErrorCode(err) == rapbot.Internal || len(err.Error()) > 1000 || !utf8.ValidString(err.Error()) {
				t.Errorf("%q: %q", text, err.Error())
			}
			return
		}
		for _, a := range cmd.Args {
			if _, given := call.Args[a.Name]; !given && !a.Optional {
				t.Errorf("%q: accepted without %s", text, a.Name)
			}
		}
		for _, v := range call.Flags {
			if !utf8.ValidString(v) {
				t.Errorf("%q: flag value %q", text, v)
			}
		}
	})
}
