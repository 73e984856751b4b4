package slack_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
)

// dressed is what the workspace keeps of a message.
type dressed struct {
	Text   string `json:"text"`
	Blocks []struct {
		Type string `json:"type"`
	} `json:"blocks"`
	Attachments []struct {
		Color    string `json:"color"`
		ImageURL string `json:"image_url"`
		Fallback string `json:"fallback"`
		Blocks   []struct {
			Type string `json:"type"`
		} `json:"blocks"`
	} `json:"attachments"`
}

func (w *world) dressed() dressed {
	w.t.Helper()
	all := w.messages("alice")
	var d dressed
	raw, err := json.Marshal(all[len(all)-1])
	if err == nil {
		err = json.Unmarshal(raw, &d)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func coloured(tone rapbot.Tone, images ...rapbot.Block) rapbot.Message {
	return rapbot.Message{Summary: "Lag", Tone: tone, Blocks: append([]rapbot.Block{
		rapbot.Heading{Text: "Lag"},
		rapbot.Paragraph{Text: rapbot.Say("4 min behind")},
		rapbot.Buttons{{Label: "Show Status", Action: "status", Value: "us-west-2"}},
	}, images...)}
}

// TestTone: the colour is at the side of all but the first block, what is in
// it can be pressed, and an edit takes it away.
func TestTone(t *testing.T) {
	t.Parallel()
	w := run(t, setup{config: slack.Config{UpdateEvery: 10 * time.Millisecond}})
	picture := rapbot.Image{URL: "https://grafana.example/render.png", Alt: "a graph"}
	ref, err := w.Post(t.Context(), inOps, "alert", coloured("danger", picture, rapbot.Image{URL: "http://a.example/b.png"}, rapbot.Image{URL: "javascript:alert(1)"}))
	if err != nil {
		t.Fatal(err)
	}
	d := w.dressed()
	if len(d.Blocks) != 1 || d.Blocks[0].Type != "header" || len(d.Attachments) != 2 {
		t.Fatalf("%+v", d)
	}
	if a := d.Attachments[0]; a.Color != "danger" || len(a.Blocks) != 2 || a.Blocks[1].Type != "actions" {
		t.Errorf("%+v", a)
	}
	if a := d.Attachments[1]; a.ImageURL != picture.URL || a.Fallback != "a graph" || len(a.Blocks) != 0 {
		t.Errorf("%+v", a)
	}
	if err := w.click("alice", ref, "Show Status"); err != nil {
		t.Fatal(err)
	}
	w.handledWithin(1)
	if e := w.handled()[0]; e.Kind != slack.Click || e.Action != "status" || e.Value != "us-west-2" || e.Message != ref {
		t.Errorf("%+v", e)
	}
	for _, tone := range []rapbot.Tone{"#d50000", "", "red; <!channel>"} {
		if err := w.Edit(t.Context(), ref, coloured(tone)); err != nil {
			t.Fatal(err)
		}
		d := w.dressed()
		if has := len(d.Attachments) > 0; has != (tone == "#d50000") || has && d.Attachments[0].Color != string(tone) || !has && len(d.Blocks) != 3 {
			t.Errorf("%q: %+v", tone, d)
		}
	}
}
