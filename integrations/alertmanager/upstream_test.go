package alertmanager

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/alertmanager/template"
	"github.com/rogpeppe/go-internal/txtar"
	"go.yaml.in/yaml/v4"
)

// optionsOf takes slack.yaml and the .tmpl files of an archive.
func optionsOf(t *testing.T, archive *txtar.Archive) (o RendererOptions, has bool) {
	t.Helper()
	dir := t.TempDir()
	for _, f := range archive.Files {
		switch {
		case f.Name == "slack.yaml":
			o.Block, has = blockOf(t, f.Data), true
		case strings.HasSuffix(f.Name, ".tmpl"):
			file := filepath.Join(dir, f.Name)
			if err := os.WriteFile(file, f.Data, 0o600); err != nil {
				t.Fatal(err)
			}
			o.Globs = append(o.Globs, file)
		}
	}
	return o, has
}

// blockOf reads a block without the care that the configuration takes.
func blockOf(t *testing.T, data []byte) (b SlackBlock) {
	t.Helper()
	var raw map[string]any
	if err := yaml.Load(data, &raw); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, value any)
	walk = func(path string, value any) {
		switch v := value.(type) {
		case string:
			b.Templates = append(b.Templates, KeyTemplate{Key: path, Text: v})
		case map[string]any:
			for name, value := range v {
				walk(path+"."+name, value)
			}
		case []any:
			for i, value := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), value)
			}
		}
	}
	for name, value := range raw {
		list, _ := value.([]any)
		switch name {
		case "channel", "username", "icon_emoji", "mrkdwn_in", "api_url", "send_resolved", "short_fields":
			continue
		case "actions":
			b.Actions = len(list)
		case "fields":
			for _, f := range list {
				short, given := f.(map[string]any)["short"].(bool)
				if !given {
					short, _ = raw["short_fields"].(bool)
				}
				b.Short = append(b.Short, short)
			}
		}
		walk(name, value)
	}
	return b
}

// TestSameAsUpstream: every key of every set in testdata/upstream says, of
// every payload, what Alertmanager's own template package makes of it, byte
// for byte; where a value holds what chat would interpret the difference is
// that this is escaped.
func TestSameAsUpstream(t *testing.T) {
	files, err := filepath.Glob("testdata/upstream/*.txtar")
	if err != nil || len(files) < 11 {
		t.Fatalf("%d sets of templates, %v", len(files), err)
	}
	all := payloads()
	if len(all) < 30 {
		t.Fatalf("%d payloads", len(all))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			o, _ := optionsOf(t, archive)
			ours := newRenderer(t, o)
			theirs, err := template.FromGlobs(o.Globs)
			if err != nil {
				t.Fatal(err)
			}
			said := 0
			for name, payload := range all {
				body, err := json.Marshal(payload)
				if err != nil {
					t.Fatal(err)
				}
				d, err := Decode(body, noon)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				out, err := ours.Render(d)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				var data template.Data
				if err := json.Unmarshal(body, &data); err != nil {
					t.Fatal(err)
				}
				template.MarkRouteLabelsRendered(&data)
				for _, k := range o.Block.templates() {
					want, err := theirs.ExecuteTextString(k.Text, &data)
					if err != nil {
						t.Fatalf("%s: %s: %v", name, k.Key, err)
					}
					if k.Key == "title" {
						want = cut(want, maxTitle)
					}
					have := out.Texts[k.Key]
					if strings.HasPrefix(name, "markup") {
						if have == want && strings.Contains(want, "<!") {
							t.Errorf("%s: %s is not escaped: %q", name, k.Key, have)
						}
						have = strings.ReplaceAll(unescaper.Replace(have), noMention, "")
					}
					if have != want {
						t.Errorf("%s: %s\nhave %q\nwant %q", name, k.Key, have, want)
					}
					said += len(want)
				}
			}
			if said == 0 {
				t.Error("nothing was rendered")
			}
		})
	}
}
