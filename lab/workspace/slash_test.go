package workspace_test

import (
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// onSlash acknowledges slash commands with what answer returns.
func onSlash(answer func(slack.SlashCommand) any) func(*socketmode.Client, socketmode.Event) {
	return func(client *socketmode.Client, event socketmode.Event) {
		if command, is := event.Data.(slack.SlashCommand); is {
			_ = client.Ack(*event.Request, answer(command))
		}
	}
}

func TestSlashAckIsShownToItsPersonOnly(t *testing.T) {
	w := start(t, workspace.Options{})
	got := make(chan slack.SlashCommand, 1)
	w.connect(onSlash(func(c slack.SlashCommand) any {
		got <- c
		return map[string]any{"text": "all is well"}
	}))
	w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/rap status @bob & #general"})
	command := take(t, got)
	if command.Command != "/rap" || command.UserName != "alice" || command.ChannelName != "rap-ops" || command.TriggerID == "" {
		t.Errorf("payload %+v", command)
	}
	if want := "status <@U07BOB00002> &amp; <#C07GENERAL3|general>"; command.Text != want {
		t.Errorf("text %q, want %q", command.Text, want)
	}
	if m := w.sees("alice", "rap-ops", "all is well"); !m.Ephemeral || !m.Bot || m.Username != "rap" {
		t.Errorf("message %+v", m)
	}
	w.seesNot("bob", "rap-ops", "all is well")
	w.seesNot("alice", "rap-ops", "/rap status")
}

func TestSlashAckInChannelPublishesTheCommand(t *testing.T) {
	w := start(t, workspace.Options{})
	w.connect(onSlash(func(slack.SlashCommand) any {
		return map[string]any{"text": "deploying", "response_type": "in_channel"}
	}))
	w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/rap deploy"})
	w.sees("bob", "rap-ops", "deploying")
	if m := w.sees("bob", "rap-ops", "/rap deploy"); m.Username != "alice" {
		t.Errorf("the command is %s's", m.Username)
	}
}

func TestSlashWithoutAckTimesOut(t *testing.T) {
	w := start(t, workspace.Options{AckTimeout: 50 * time.Millisecond})
	w.connect(nil)
	w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/rap status"})
	if m := w.sees("alice", "rap-ops", "operation_timeout"); m.User != "USLACKBOT" || !m.Ephemeral {
		t.Errorf("message %+v", m)
	}
	w.seesNot("bob", "rap-ops", "operation_timeout")
}

func TestSlashWithoutSocketFails(t *testing.T) {
	w := start(t, workspace.Options{})
	w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/rap status"})
	w.sees("alice", "rap-ops", "dispatch_failed")
}

func TestSlashAckWithBadBlocksFails(t *testing.T) {
	w := start(t, workspace.Options{})
	w.connect(onSlash(func(slack.SlashCommand) any {
		return map[string]any{"text": "words", "blocks": []any{map[string]any{"type": "header"}}}
	}))
	w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/rap status"})
	w.sees("alice", "rap-ops", "invalid_blocks")
	w.seesNot("alice", "rap-ops", "words")
	if sent := w.Deliveries(); len(sent) != 1 || !sent[0].Acked || sent[0].Type != "slash_commands" {
		t.Errorf("deliveries %+v", sent)
	}
}

func TestSlashIsRefusedInThreadsAndUnknownCommandsAreSaid(t *testing.T) {
	w := start(t, workspace.Options{})
	said := w.does("/person/alice/say", object{"channel": "rap-ops", "text": "hello"})
	status, out := w.do("POST", "/person/alice/say", object{"channel": "rap-ops", "text": "/rap status", "thread_ts": said["ts"]})
	if status < 400 || !strings.Contains(out["error"].(string), "threads") {
		t.Errorf("%d %v", status, out)
	}
	w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/nope"})
	w.sees("alice", "rap-ops", "/nope is not a valid command")
}

// slack-go refuses to send such an acknowledgement itself, so the test speaks through its raw Send.
func TestAcksOfTwentyKilobytesAreIgnored(t *testing.T) {
	for size, want := range map[int]string{20479: "xxx", 20480: "operation_timeout"} {
		w := start(t, workspace.Options{AckTimeout: time.Second})
		rawAcks(t, w, func(id string) string {
			frame := `{"envelope_id":"` + id + `","payload":{"text":""}}`
			return strings.Replace(frame, `"text":""`, `"text":"`+strings.Repeat("x", size-len(frame))+`"`, 1)
		})
		w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/rap status"})
		w.sees("alice", "rap-ops", want)
	}
}
