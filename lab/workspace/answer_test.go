package workspace_test

import (
	"strings"
	"testing"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// say posts through a response_url as slack-go does.
func (w *world) say(url string, options ...slack.MsgOption) error {
	_, _, err := w.api.PostMessage("", append([]slack.MsgOption{slack.MsgOptionResponseURL(url, "")}, options...)...)
	return err
}

// commandURL runs a command and returns its response_url.
func commandURL(w *world) string {
	got := make(chan string, 1)
	w.connect(onSlash(func(c slack.SlashCommand) any { got <- c.ResponseURL; return nil }))
	w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/rap status"})
	return take(w.t, got)
}

func TestResponseURLServesFiveTimes(t *testing.T) {
	w := start(t, workspace.Options{})
	url := commandURL(w)
	for range 5 {
		if err := w.say(url, slack.MsgOptionText("line", false)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.say(url, slack.MsgOptionText("line", false)); err == nil {
		t.Error("a sixth use went through")
	}
	if n := len(w.messages("alice", "rap-ops")); n != 5 {
		t.Errorf("alice sees %d lines", n)
	}
	w.seesNot("bob", "rap-ops", "line")
}

func TestResponseURLExpires(t *testing.T) {
	w := start(t, workspace.Options{})
	url := commandURL(w)
	w.does("/faults", object{"fast_clock": 29 * 60})
	if err := w.say(url, slack.MsgOptionText("in time", false)); err != nil {
		t.Error(err)
	}
	w.does("/faults", object{"fast_clock": 31 * 60})
	if err := w.say(url, slack.MsgOptionText("too late", false)); err == nil {
		t.Error("used after 31 minutes")
	}
}

func TestResponseURLReplacesDeletesAndPublishes(t *testing.T) {
	w := start(t, workspace.Options{})
	url := commandURL(w)
	_ = w.say(url, slack.MsgOptionText("checking", false))
	_ = w.say(url, slack.MsgOptionText("all is well", false), slack.MsgOptionReplaceOriginal(url))
	if list := w.messages("alice", "rap-ops"); len(list) != 1 || list[0].Text != "all is well" || list[0].Edits != 1 || !list[0].Ephemeral {
		t.Errorf("after replace: %+v", list)
	}
	_ = w.say(url, slack.MsgOptionDeleteOriginal(url))
	if list := w.messages("alice", "rap-ops"); len(list) != 0 {
		t.Errorf("after delete: %+v", list)
	}
	_, _, err := w.api.PostMessage("", slack.MsgOptionResponseURL(url, "in_channel"), slack.MsgOptionText("for all", false))
	if err != nil {
		t.Fatal(err)
	}
	w.sees("bob", "rap-ops", "for all")
	w.sees("bob", "rap-ops", "/rap status")
}

// A command works where the app is no member, and so does its response_url; posting there does not.
func TestResponseURLNeedsNoMembership(t *testing.T) {
	w := start(t, workspace.Options{})
	got := make(chan string, 1)
	w.connect(onSlash(func(c slack.SlashCommand) any { got <- c.ResponseURL; return nil }))
	w.does("/person/alice/say", object{"channel": "general", "text": "/rap status"})
	if _, _, err := w.api.PostMessage("C07GENERAL3", slack.MsgOptionText("x", false)); err == nil || err.Error() != "not_in_channel" {
		t.Errorf("chat.postMessage: %v", err)
	}
	if err := w.say(take(t, got), slack.MsgOptionText("hello from outside", false)); err != nil {
		t.Error(err)
	}
	w.sees("alice", "general", "hello from outside")
}

func TestClickSendsBlockActionsAndItsURLReplacesTheMessage(t *testing.T) {
	w := start(t, workspace.Options{})
	got := make(chan slack.InteractionCallback, 1)
	w.connect(onInteraction(func(c slack.InteractionCallback) any { got <- c; return nil }))
	channel, ts := w.card("rap-ops")
	w.does("/person/bob/click", object{"channel": "rap-ops", "ts": ts, "button": "Approve Switchover"})
	c := take(t, got)
	action := c.ActionCallback.BlockActions[0]
	if c.Type != slack.InteractionTypeBlockActions || c.User.ID != "U07BOB00002" || c.Channel.ID != channel || c.Container.MessageTs != ts {
		t.Errorf("payload %+v", c)
	}
	if action.ActionID != "approve" || action.Value != "op-1" || action.BlockID != "decide" || c.Message.Text != "Switch over?" || c.TriggerID == "" {
		t.Errorf("action %+v of %q", action, c.Message.Text)
	}
	if err := w.say(c.ResponseURL, slack.MsgOptionText("Approved by bob", false), slack.MsgOptionReplaceOriginal(c.ResponseURL)); err != nil {
		t.Fatal(err)
	}
	if m := w.sees("alice", "rap-ops", "Approved by bob"); m.TS != ts || m.Ephemeral || m.Blocks != nil {
		t.Errorf("replaced %+v", m)
	}
	if err := w.say(c.ResponseURL, slack.MsgOptionText("only you", false)); err != nil {
		t.Fatal(err)
	}
	w.sees("bob", "rap-ops", "only you")
	w.seesNot("alice", "rap-ops", "only you")
}

func TestClickByIDsDeclinedOrOnNothing(t *testing.T) {
	w := start(t, workspace.Options{})
	got := make(chan slack.InteractionCallback, 10)
	w.connect(onInteraction(func(c slack.InteractionCallback) any { got <- c; return nil }))
	_, ts := w.card("rap-ops")
	for _, name := range []string{"approve", "decide/approve"} {
		w.does("/person/bob/click", object{"channel": "rap-ops", "ts": ts, "button": name})
		take(t, got)
	}
	w.does("/person/bob/click", object{"channel": "rap-ops", "ts": ts, "button": "approve", "confirm": false})
	status, out := w.do("POST", "/person/bob/click", object{"channel": "rap-ops", "ts": ts, "button": "Explode"})
	if status < 400 || !strings.Contains(out["error"].(string), `"Approve Switchover"`) {
		t.Errorf("%d %v", status, out)
	}
	if len(got) != 0 {
		t.Error("a declined or failed click was sent")
	}
}

func TestClickWithoutAnswerShowsAnError(t *testing.T) {
	w := start(t, workspace.Options{})
	_, ts := w.card("rap-ops")
	w.does("/person/bob/click", object{"channel": "rap-ops", "ts": ts, "button": "Approve Switchover"})
	if m := w.sees("bob", "rap-ops", "dispatch_failed"); m.User != "USLACKBOT" || !m.Ephemeral {
		t.Errorf("%+v", m)
	}
	w.seesNot("alice", "rap-ops", "dispatch_failed")
}

func TestChooseFromAMenu(t *testing.T) {
	w := start(t, workspace.Options{})
	got := make(chan slack.InteractionCallback, 1)
	w.connect(onInteraction(func(c slack.InteractionCallback) any { got <- c; return nil }))
	_, ts := w.card("rap-ops")
	w.does("/person/bob/choose", object{"channel": "rap-ops", "ts": ts, "action_id": "more", "value": "Show plan"})
	if a := take(t, got).ActionCallback.BlockActions[0]; a.Type != "overflow" || a.SelectedOption.Value != "plan" {
		t.Errorf("%+v", a)
	}
	if status, _ := w.do("POST", "/person/bob/choose", object{"channel": "rap-ops", "ts": ts, "action_id": "more", "value": "None"}); status < 400 {
		t.Error("an option nobody offered was chosen")
	}
}

// onInteraction acknowledges interactions with what answer returns.
func onInteraction(answer func(slack.InteractionCallback) any) func(*socketmode.Client, socketmode.Event) {
	return func(client *socketmode.Client, event socketmode.Event) {
		if c, is := event.Data.(slack.InteractionCallback); is {
			_ = client.Ack(*event.Request, answer(c))
		}
	}
}

// card posts a message with a button, its confirm dialog, and a menu.
func (w *world) card(channel string) (id, ts string) {
	w.t.Helper()
	id, ts, err := w.api.PostMessage(channel, slack.MsgOptionText("Switch over?", false), slack.MsgOptionBlocks(cardBlocks()...))
	if err != nil {
		w.t.Fatal(err)
	}
	return id, ts
}

func cardBlocks() []slack.Block {
	menu := slack.NewOverflowBlockElement("more", slack.NewOptionBlockObject("plan", plain("Show plan"), nil), slack.NewOptionBlockObject("log", plain("Show log"), nil))
	button := slack.NewButtonBlockElement("approve", "op-1", plain("Approve Switchover")).
		WithConfirm(slack.NewConfirmationBlockObject(plain("Sure?"), plain("It interrupts writes."), plain("Approve"), plain("Back")))
	return []slack.Block{
		slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "*Switch over?*", false, false), nil, slack.NewAccessory(menu)),
		slack.NewActionBlock("decide", button),
	}
}

func plain(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject("plain_text", s, false, false)
}
