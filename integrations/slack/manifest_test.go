package slack_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/commands"
	"github.com/rap-analyzer/rapbot/integrations/slack"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// manifest has the keys that Slack's schema of manifests knows and rapbot
// uses; any other in the file is an error, as it is to Slack.
type manifest struct {
	Metadata struct {
		Major int `yaml:"major_version"`
		Minor int `yaml:"minor_version"`
	} `yaml:"_metadata"`
	Display struct {
		Name        string `yaml:"name"`
		Description string `yaml:"description"`
		Long        string `yaml:"long_description"`
		Color       string `yaml:"background_color"`
	} `yaml:"display_information"`
	Features struct {
		Home struct {
			Home     bool `yaml:"home_tab_enabled"`
			Messages bool `yaml:"messages_tab_enabled"`
			ReadOnly bool `yaml:"messages_tab_read_only_enabled"`
		} `yaml:"app_home"`
		Bot struct {
			Name   string `yaml:"display_name"`
			Online bool   `yaml:"always_online"`
		} `yaml:"bot_user"`
		Commands []struct {
			Command     string `yaml:"command"`
			Description string `yaml:"description"`
			Hint        string `yaml:"usage_hint"`
			Escape      bool   `yaml:"should_escape"`
		} `yaml:"slash_commands"`
	} `yaml:"features"`
	OAuth struct {
		Scopes struct {
			Bot []string `yaml:"bot"`
		} `yaml:"scopes"`
	} `yaml:"oauth_config"`
	Settings struct {
		Events struct {
			Bot []string `yaml:"bot_events"`
		} `yaml:"event_subscriptions"`
		Interactivity struct {
			Enabled bool `yaml:"is_enabled"`
		} `yaml:"interactivity"`
		Org      bool `yaml:"org_deploy_enabled"`
		Socket   bool `yaml:"socket_mode_enabled"`
		Rotation bool `yaml:"token_rotation_enabled"`
	} `yaml:"settings"`
}

func readManifest(t *testing.T) manifest {
	t.Helper()
	raw, err := os.ReadFile("manifest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	d := yaml.NewDecoder(bytes.NewReader(raw))
	d.KnownFields(true)
	if err := d.Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestManifestKeepsToSlacksLimits(t *testing.T) {
	t.Parallel()
	m := readManifest(t)
	c := m.Features.Commands[0]
	for _, l := range []struct {
		what        string
		s           string
		least, most int
	}{
		{"name", m.Display.Name, 1, 35},
		{"description", m.Display.Description, 1, 140},
		{"long description", m.Display.Long, 175, 4000},
		{"bot's name", m.Features.Bot.Name, 1, 80},
		{"command", c.Command, 2, 32},
		{"command's description", c.Description, 1, 2000},
		{"usage hint", c.Hint, 1, 1000},
	} {
		if n := utf8.RuneCountInString(l.s); n < l.least || n > l.most {
			t.Errorf("the %s has %d characters, not %d to %d", l.what, n, l.least, l.most)
		}
	}
	if m.Metadata.Major != 2 || !regexp.MustCompile(`^#[0-9a-f]{6}$`).MatchString(m.Display.Color) || !strings.HasPrefix(c.Command, "/") {
		t.Errorf("%+v", m)
	}
	if !m.Settings.Socket || !m.Settings.Interactivity.Enabled || m.Settings.Rotation || !c.Escape || !m.Features.Home.Messages || m.Features.Home.ReadOnly {
		t.Error("rapbot needs Socket Mode, interactivity and direct messages, and cannot rotate tokens")
	}
	if c.Hint != commands.Hint() {
		t.Errorf("the usage hint is not that of the commands: %s", commands.Hint())
	}
}

// scopesOf are the scopes of every method that rapbot calls, by Slack's
// reference of methods.
var scopesOf = map[string][]string{
	"auth.test": nil, "views.open": nil, "response_url": nil,
	"chat.postMessage": {"chat:write"}, "chat.postEphemeral": {"chat:write"}, "chat.update": {"chat:write"},
	"conversations.history": {"channels:history", "groups:history"}, "conversations.replies": {"channels:history", "groups:history"},
	"files.getUploadURLExternal": {"files:write"}, "files.completeUploadExternal": {"files:write"},
	"users.info": {"users:read"}, "usergroups.users.list": {"usergroups:read"},
}

// scopesFor are the scopes of what Slack sends.
var scopesFor = map[string]string{"app_mention": "app_mentions:read", "message.im": "im:history", "/rap": "commands"}

func TestManifestAsksForWhatIsUsed(t *testing.T) {
	t.Parallel()
	m := readManifest(t)
	want := map[string]bool{}
	for _, method := range methodsCalled(t) {
		scopes, known := scopesOf[method]
		if !known {
			t.Errorf("%s is called; which scope does it need?", method)
		}
		for _, s := range scopes {
			want[s] = true
		}
	}
	for _, what := range append(slices.Clone(m.Settings.Events.Bot), m.Features.Commands[0].Command) {
		want[scopesFor[what]] = true
	}
	if have := slices.Sorted(slices.Values(m.OAuth.Scopes.Bot)); !slices.Equal(have, slices.Sorted(maps.Keys(want))) {
		t.Errorf("the manifest asks for %v\nwhat is used needs %v", have, slices.Sorted(maps.Keys(want)))
	}
}

// methodsCalled are the methods named in the adapter's source.
func methodsCalled(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	called := map[string]bool{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, found := range regexp.MustCompile(`a\.call\([a-z.]+, "([a-zA-Z._]+)"`).FindAllStringSubmatch(string(source), -1) {
			called[found[1]] = true
		}
	}
	if len(called) < 11 {
		t.Errorf("found only %v", called)
	}
	return slices.Collect(maps.Keys(called))
}

// TestManifestSuffices does everything in a workspace that grants what the
// manifest asks for, and no more.
func TestManifestSuffices(t *testing.T) {
	t.Parallel()
	m := readManifest(t)
	c := m.Features.Commands[0]
	form := rapbot.Form{Action: "f", Title: "Form", Inputs: []rapbot.Input{{Name: "reason", Label: "Reason"}}}
	var w *world
	w = start(t, setup{
		workspace: workspace.Options{Scopes: m.OAuth.Scopes.Bot, Events: m.Settings.Events.Bot, Commands: []workspace.Command{{
			Command: c.Command, Description: c.Description, UsageHint: c.Hint, ShouldEscape: c.Escape,
		}}},
		config: slack.Config{ApproverGroups: []string{"S0ONCALL"}},
		handle: func(ctx context.Context, e slack.Event) {
			if e.Trigger != "" {
				if err := w.OpenForm(ctx, e.Trigger, form); err != nil {
					t.Error(err)
				}
			}
			if err := e.Reply(ctx, message("answer to "+string(e.Kind))); err != nil {
				t.Error(err)
			}
		},
	})
	w.run()
	w.within("connected", func() bool { n, _, _ := w.Health(); return n > 0 })
	card := w.post("card")
	if _, err := w.Post(t.Context(), rapbot.Place{Channel: ops, Thread: card.ID}, "news", message("news")); err != nil {
		t.Error(err)
	}
	if _, err := w.Attach(t.Context(), rapbot.Place{Channel: ops, Thread: card.ID}, "file", textFile("report")); err != nil {
		t.Error(err)
	}
	if err := w.Edit(t.Context(), card, message("edited")); err != nil {
		t.Error(err)
	}
	if err := w.Whisper(t.Context(), inOps, alice, message("whispered")); err != nil {
		t.Error(err)
	}
	if _, err := w.Person(t.Context(), bob); err != nil {
		t.Error(err)
	}
	w.say("alice", "/rap status")
	w.say("alice", "@rap status")
	if _, err := w.As("alice").Say("@rap", "status", ""); err != nil {
		t.Error(err)
	}
	w.handledWithin(3)
	w.seesWithin("alice", "answer to command")
	w.seesWithin("alice", "answer to mention")
	for _, call := range w.Calls("") {
		if call.Error != "" {
			t.Errorf("%s: %s", call.Method, call.Error)
		}
	}
}
