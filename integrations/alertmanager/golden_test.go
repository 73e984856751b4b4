package alertmanager

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

var update = flag.Bool("update", false, "rewrite the cards in testdata")

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestCards plays the payloads of each archive into a group, a minute apart,
// and compares the card of the last one. With a slack.yaml in the archive the
// card is rendered by it.
func TestCards(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := cardOf(t, archive)
			for i, f := range archive.Files {
				if f.Name != "card" || string(f.Data) == got {
					continue
				}
				if !*update {
					t.Fatalf("%s\nwant:\n%s\nhave:\n%s", file, f.Data, got)
				}
				archive.Files[i].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// cardOf is the notification, then the card, then what its buttons carry.
func cardOf(t *testing.T, archive *txtar.Archive) string {
	t.Helper()
	g, now := play(t, archive)
	m := Card(g, now, rendered(t, archive, g.Latest))
	out := m.Summary + "\n\n" + m.Plain() + "\n"
	if m.Tone != "" {
		out += "  tone: " + string(m.Tone) + "\n"
	}
	for _, b := range m.Blocks {
		if p, is := b.(rapbot.Paragraph); is {
			for _, span := range p.Text {
				if span.Kind == rapbot.SpanMarkup {
					out += "  markup: " + span.Text + "\n"
				}
			}
		}
		buttons, _ := b.(rapbot.Buttons)
		for _, button := range buttons {
			out += "  " + strings.TrimSpace(button.Label+": "+button.Action+" "+button.Value+button.URL) + "\n"
		}
	}
	return out
}

// play absorbs every payload of the archive.
func play(t *testing.T, archive *txtar.Archive) (alert.Group, time.Time) {
	t.Helper()
	var g alert.Group
	now := noon
	for _, f := range archive.Files {
		if !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		d, err := Decode(spelled(f.Data), now)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		g = g.Absorb(d)
		now = now.Add(time.Minute)
	}
	return g, now
}

// spelled writes out what would make an archive hard to read.
func spelled(payload []byte) []byte {
	return []byte(strings.ReplaceAll(string(payload), "100-kB", strings.Repeat("long ", 20_000)))
}

// rendered is nil without a slack.yaml in the archive. Files that end in .tmpl
// are the operator's.
func rendered(t *testing.T, archive *txtar.Archive, d alert.Delivery) *Rendered {
	t.Helper()
	o, has := optionsOf(t, archive)
	if !has {
		return nil
	}
	out, err := newRenderer(t, o).Render(d)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
