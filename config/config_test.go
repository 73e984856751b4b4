package config

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the expected part of testdata")

const separator = "----------\n"

// The world of the golden files: what the environment and the folder hold.
var (
	goldenEnv = map[string]string{
		"RAPBOT_SLACK_BOT_TOKEN":    "xoxb-1111-bot-token",
		"RAPBOT_SLACK_APP_TOKEN":    "xapp-2222-app-token",
		"RAPBOT_POSTGRES_PASSWORD":  "correct horse battery",
		"RAPBOT_WEBHOOK_TOKEN":      "0123456789abcdef0123456789abcdef",
		"RAPBOT_WEBHOOK_PASSWORD":   "battery staple horse",
		"RAPBOT_PROMETHEUS_TOKEN":   "hunter2-prometheus-hunter2",
		"RAPBOT_ALERTMANAGER_TOKEN": "alertmanager-token",
		"RAPBOT_SHORT":              "hunter2",
		"RAPBOT_EMPTY":              "",
		"RAPBOT_TWO_LINES":          "first-line\nsecond-line",
	}
	goldenFiles = map[string]string{
		"bot_token": "xoxb-3333-from-a-file\n",
		"empty":     "\n",
	}
)

func lookup(name string) (string, bool) {
	value, ok := goldenEnv[name]
	return value, ok
}

func readGolden(name string) ([]byte, error) {
	if name == "exposed" {
		return nil, ErrExposed
	}
	data, ok := goldenFiles[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return []byte(data), nil
}

// problemsOf gives what the golden files expect.
func problemsOf(input string) string {
	if _, err := Parse([]byte(input), lookup, readGolden); err != nil {
		return err.Error() + "\n"
	}
	return "no problems\n"
}

// TestProblems reads testdata: a configuration, a line of hyphens, and every
// problem it has. `go test ./config -update` rewrites what is below the hyphens.
func TestProblems(t *testing.T) {
	for _, file := range goldens(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			input, want, _ := strings.Cut(string(data), separator)
			got := problemsOf(input)
			if *update {
				if err := os.WriteFile(file, []byte(input+separator+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("%s\ngot:\n%swant:\n%s", file, got, want)
			}
			for name, value := range goldenEnv {
				if value != "" && strings.Contains(got, value) {
					t.Errorf("the value of %s is in a problem", name)
				}
			}
		})
	}
}

func goldens(t testing.TB) []string {
	files, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(files) < 26 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	return files
}

// loadIn writes the sample with replacements into a new folder and loads it.
func loadIn(t *testing.T, folder string, replace ...string) (*Config, error) {
	t.Helper()
	path := filepath.Join(folder, "rapbot.yaml")
	write(t, path, strings.NewReplacer(replace...).Replace(Sample), 0o644)
	return Load(path, lookup)
}

func write(t *testing.T, path, text string, mode os.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // The umask does not apply here.
		t.Fatal(err)
	}
}

func TestLoadTakesPathsFromTheFolderOfTheFile(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "token"), "xoxb-from-file\n", 0o600)
	c, err := loadIn(t, folder, "{env: RAPBOT_SLACK_BOT_TOKEN}", "{file: token}", "templates: []\n  slack:", "templates: [t/*.tmpl, /etc/*.tmpl]\n  slack: {}")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Slack.BotToken.Reveal(); got != "xoxb-from-file" {
		t.Errorf("bot token %q", got)
	}
	if want := filepath.Join(folder, "rapbot.db"); c.Journal.Path != want {
		t.Errorf("journal %q, want %q", c.Journal.Path, want)
	}
	if got, want := fmt.Sprint(c.Alertmanager.Templates), fmt.Sprint([]string{filepath.Join(folder, "t/*.tmpl"), "/etc/*.tmpl"}); got != want {
		t.Errorf("templates %s, want %s", got, want)
	}
}

func TestLoadRefusesSecretFiles(t *testing.T) {
	folder := t.TempDir()
	write(t, filepath.Join(folder, "exposed"), "xoxb-exposed", 0o644)
	write(t, filepath.Join(folder, "long"), strings.Repeat("x", maxSecret+1), 0o600)
	if err := os.Mkdir(filepath.Join(folder, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"exposed": "everybody on this machine can read this file; chmod 600",
		"long":    "cannot be read; name a regular file",
		"folder":  "cannot be read; name a regular file",
		"absent":  "no such file; create it",
	} {
		_, err := loadIn(t, folder, "{env: RAPBOT_SLACK_BOT_TOKEN}", "{file: "+name+"}")
		if err == nil || !strings.HasPrefix(err.Error(), "slack.bot_token.file: "+want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadWithoutAFile(t *testing.T) {
	folder := t.TempDir()
	_, err := Load(filepath.Join(folder, "rapbot.yaml"), lookup)
	if want := "rapbot.yaml: no such file; name the configuration file, or start one from the sample"; fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := Load(folder, lookup); err == nil {
		t.Error("a folder was read as a file")
	}
}

func TestSlotIsDerivedFromTheName(t *testing.T) {
	for name, want := range map[string]string{
		"us-east-1": "use1", "us-west-2": "usw2", "eu-west-1": "euw1", "us-gov-west-1": "usgw1", "frankfurt": "frankfurt", "dc-12": "dc12", "a--b": "ab",
	} {
		if got := shortName(name); got != want || !slotName.MatchString(got) {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// Where nobody says which regions Argo CD keeps, it is those that have a cluster.
func TestArgoCDKeepsEveryRegionWithACluster(t *testing.T) {
	folder := t.TempDir()
	c, err := loadIn(t, folder, "context: \"\"       # The name", "context: east # The name", "region: \"\"        # The region in whose", "region: us-east-1 # The region in whose", "manifest: \"\"", "manifest: set.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if a := c.Deploy.ArgoCD; !a.Keeps("us-east-1") || a.Keeps("us-west-2") || a.Manifest != filepath.Join(folder, "set.yaml") {
		t.Errorf("%+v", a)
	}
	if c, err = loadIn(t, folder); err != nil || c.Deploy.ArgoCD.Keeps("us-east-1") || c.Deploy.ArgoCD.Configured() {
		t.Errorf("nothing is said and it keeps a region: %v", err)
	}
}
