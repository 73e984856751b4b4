package slack_test

import (
	"encoding/json"
	"testing"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

func viewID(t *testing.T, view json.RawMessage) string {
	t.Helper()
	var v struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(view, &v); err != nil {
		t.Fatal(err)
	}
	return v.ID
}

func (w *world) click(person string, at rapbot.Ref, button string) error {
	return w.As(person).Click(workspace.Where{Channel: at.Channel, TS: at.ID}, button, false)
}
