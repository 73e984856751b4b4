package workspace_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

const ops = "C07RAPOPS01"

// refusedFor wants a Slack error with one reason in response_metadata.messages.
func refusedFor(t *testing.T, err error, code, reason string) {
	t.Helper()
	var refused slack.SlackErrorResponse
	if !errors.As(err, &refused) || refused.Err != code {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	if got := refused.ResponseMetadata.Messages; len(got) == 0 || got[0] != "[ERROR] "+reason {
		t.Errorf("messages %q, want %q", got, reason)
	}
	if got := refused.Errors; len(got) == 0 || got[0].Message == nil || *got[0].Message != reason {
		t.Errorf("errors %v, want %q", got, reason)
	}
}

func TestStampsAreUniqueAndRise(t *testing.T) {
	fixed := time.Unix(1700000000, 123456000)
	w := start(t, workspace.Options{Clock: func() time.Time { return fixed }, Unlimited: true})
	before := ""
	for range 10 {
		_, ts, err := w.api.PostMessage(ops, slack.MsgOptionText("x", false))
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^1700000000\.\d{6}$`).MatchString(ts) || ts <= before {
			t.Errorf("ts %s after %s", ts, before)
		}
		before = ts
	}
}

func TestBlocksThatSlackRefuses(t *testing.T) {
	w := start(t, workspace.Options{})
	long := slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", strings.Repeat("x", 3001), false, false), nil, nil)
	_, _, err := w.api.PostMessage(ops, slack.MsgOptionBlocks(long))
	refusedFor(t, err, "invalid_blocks", "must be less than 3001 characters [json-pointer:/blocks/0/text/text]")
	_, err = w.api.PostEphemeral(ops, "U07ALICE001", slack.MsgOptionBlocks(slack.NewDividerBlock(), long))
	refusedFor(t, err, "invalid_blocks", "must be less than 3001 characters [json-pointer:/blocks/1/text/text]")
	if n := len(w.messages("alice", "rap-ops")); n != 0 {
		t.Errorf("%d messages were posted all the same", n)
	}
	status, out := w.call("chat.postMessage", object{"channel": ops, "blocks": []any{object{"type": "divider", "colour": "red"}}})
	if status != 200 || out["error"] != "invalid_blocks" || !strings.Contains(fmt.Sprint(out["errors"]), "invalid additional property: colour") {
		t.Errorf("%d %v", status, out)
	}
	if got := len(w.Payloads()); got != 0 {
		t.Errorf("%d refused payloads were kept", got)
	}
	w.card("rap-ops")
	if got := w.Payloads(); len(got) != 1 || got[0].Kind != "message" || got[0].Method != "chat.postMessage" {
		t.Errorf("payloads %+v", got)
	}
}

func TestTextLimits(t *testing.T) {
	w := start(t, workspace.Options{})
	_, ts, err := w.api.PostMessage(ops, slack.MsgOptionText(strings.Repeat("é", 40001), false))
	if err != nil {
		t.Fatal(err)
	}
	if got := len([]rune(w.messages("alice", "rap-ops")[0].Text)); got != 40000 {
		t.Errorf("kept %d characters", got)
	}
	_, out := w.call("chat.postMessage", object{"channel": ops, "text": strings.Repeat("x", 40001)})
	if out["warning"] != "message_truncated" {
		t.Errorf("warning %v", out["warning"])
	}
	if _, _, _, err := w.api.UpdateMessage(ops, ts, slack.MsgOptionText(strings.Repeat("x", 4001), false)); err == nil || err.Error() != "msg_too_long" {
		t.Errorf("update of 4,001: %v", err)
	}
	if _, _, _, err := w.api.UpdateMessage(ops, ts, slack.MsgOptionText(strings.Repeat("x", 4000), false)); err != nil {
		t.Errorf("update of 4,000: %v", err)
	}
	if _, _, err := w.api.PostMessage(ops, slack.MsgOptionText(" ", false)); err == nil || err.Error() != "no_text" {
		t.Errorf("nothing: %v", err)
	}
}

func TestEditsDoNotRingAndBlocksHideTheMark(t *testing.T) {
	w := start(t, workspace.Options{})
	_, ts := w.card("rap-ops")
	rang := len(w.notifications("bob"))
	if _, _, _, err := w.api.UpdateMessage(ops, ts, slack.MsgOptionText("Running <@U07BOB00002>", false), slack.MsgOptionBlocks(cardBlocks()...)); err != nil {
		t.Fatal(err)
	}
	if m := w.messages("bob", "rap-ops")[0]; m.Edits != 1 || m.Edited != nil || m.Blocks == nil {
		t.Errorf("edit with blocks: %+v", m)
	}
	if _, _, _, err := w.api.UpdateMessage(ops, ts, slack.MsgOptionText("Done <@U07BOB00002>", false)); err != nil {
		t.Fatal(err)
	}
	if m := w.messages("bob", "rap-ops")[0]; m.Edits != 2 || m.Edited == nil || m.Blocks != nil {
		t.Errorf("edit with text alone: %+v", m)
	}
	if got := len(w.notifications("bob")); got != rang || rang != 1 {
		t.Errorf("bob's Slack rang %d times, then %d", rang, got)
	}
}

func TestWhomAThreadReplyRings(t *testing.T) {
	w := start(t, workspace.Options{})
	_, ts, _ := w.api.PostMessage(ops, slack.MsgOptionText("asked by <@U07ALICE001>", false))
	reply := func(text string, more ...slack.MsgOption) {
		if _, _, err := w.api.PostMessage(ops, append(more, slack.MsgOptionText(text, false), slack.MsgOptionTS(ts))...); err != nil {
			t.Fatal(err)
		}
	}
	reply("done")
	reply("your turn <!subteam^S0ONCALL>")
	reply("out", slack.MsgOptionBroadcast())
	for person, want := range map[string]string{
		"alice": "mention thread thread channel", "bob": "channel mention channel", "mallory": "channel channel",
	} {
		whys := []string{}
		for _, n := range w.notifications(person) {
			whys = append(whys, n.Why)
		}
		if got := strings.Join(whys, " "); got != want {
			t.Errorf("%s rang for %s, want %s", person, got, want)
		}
	}
	if m := w.messages("bob", "rap-ops")[0]; m.ReplyCount != 3 {
		t.Errorf("%d replies", m.ReplyCount)
	}
}

func TestEphemeralsAreSeenByOneAndCannotBeChanged(t *testing.T) {
	w := start(t, workspace.Options{})
	ts, err := w.api.PostEphemeral(ops, "U07MALLORY4", slack.MsgOptionText("not you", false))
	if err != nil {
		t.Fatal(err)
	}
	w.sees("mallory", "rap-ops", "not you")
	w.seesNot("alice", "rap-ops", "not you")
	if len(w.notifications("mallory")) != 0 {
		t.Error("an ephemeral message rang")
	}
	if _, _, _, err := w.api.UpdateMessage(ops, ts, slack.MsgOptionText("x", false)); err == nil || err.Error() != "message_not_found" {
		t.Errorf("update: %v", err)
	}
	if _, err := w.api.PostEphemeral(ops, "U07NOBODY00", slack.MsgOptionText("x", false)); err == nil || err.Error() != "user_not_in_channel" {
		t.Errorf("to nobody: %v", err)
	}
	history, err := w.api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: ops})
	if err != nil || len(history.Messages) != 0 {
		t.Errorf("history %v, %v", history, err)
	}
}

func TestOnlyOwnMessagesChange(t *testing.T) {
	w := start(t, workspace.Options{})
	ts := w.does("/person/alice/say", object{"channel": "rap-ops", "text": "mine"})["ts"].(string)
	if _, _, _, err := w.api.UpdateMessage(ops, ts, slack.MsgOptionText("x", false)); err == nil || err.Error() != "cant_update_message" {
		t.Errorf("update: %v", err)
	}
	if _, _, err := w.api.DeleteMessage(ops, ts); err == nil || err.Error() != "cant_delete_message" {
		t.Errorf("delete: %v", err)
	}
	if _, _, err := w.api.PostMessage("C07NOWHERE0", slack.MsgOptionText("x", false)); err == nil || err.Error() != "channel_not_found" {
		t.Errorf("no channel: %v", err)
	}
}

func TestDeletedParentsLeaveAStoneAndRepliesStandAlone(t *testing.T) {
	w := start(t, workspace.Options{})
	_, ts, _ := w.api.PostMessage(ops, slack.MsgOptionText("parent", false))
	_, _, _ = w.api.PostMessage(ops, slack.MsgOptionText("reply", false), slack.MsgOptionTS(ts))
	if _, _, err := w.api.DeleteMessage(ops, ts); err != nil {
		t.Fatal(err)
	}
	w.seesNot("alice", "rap-ops", "parent")
	w.sees("alice", "rap-ops", "This message was deleted.")
	_, alone, _ := w.api.PostMessage(ops, slack.MsgOptionText("late reply", false), slack.MsgOptionTS(ts))
	if m := w.sees("alice", "rap-ops", "late reply"); m.ThreadTS != "" || m.TS != alone {
		t.Errorf("%+v", m)
	}
}

func TestHistoryKeepsMetadata(t *testing.T) {
	w := start(t, workspace.Options{})
	meta := slack.SlackMetadata{EventType: "rap_operation", EventPayload: map[string]any{"id": "op-1"}}
	_, ts, err := w.api.PostMessage(ops, slack.MsgOptionText("card", false), slack.MsgOptionMetadata(meta))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := w.api.UpdateMessage(ops, ts, slack.MsgOptionText("card 2", false)); err != nil {
		t.Fatal(err)
	}
	_, _, _ = w.api.PostMessage(ops, slack.MsgOptionText("reply", false), slack.MsgOptionTS(ts), slack.MsgOptionMetadata(meta))
	for _, include := range []bool{true, false} {
		history, err := w.api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: ops, IncludeAllMetadata: include})
		if err != nil || len(history.Messages) != 1 {
			t.Fatalf("%+v, %v", history, err)
		}
		if got := history.Messages[0].Metadata.EventPayload["id"] == "op-1"; got != include {
			t.Errorf("metadata came: %v, asked for: %v", got, include)
		}
	}
	replies, _, _, err := w.api.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: ops, Timestamp: ts, IncludeAllMetadata: true})
	if err != nil || len(replies) != 2 || replies[1].Metadata.EventType != "rap_operation" {
		t.Errorf("%+v, %v", replies, err)
	}
	_, out := w.call("chat.postMessage", object{"channel": ops, "text": "x", "metadata": object{"event_type": "a"}})
	if out["error"] != "invalid_metadata_schema" {
		t.Errorf("half metadata: %v", out)
	}
}

func TestHistoryPages(t *testing.T) {
	w := start(t, workspace.Options{Unlimited: true})
	stamps := []string{}
	for range 5 {
		_, ts, _ := w.api.PostMessage(ops, slack.MsgOptionText("x", false))
		stamps = append(stamps, ts)
	}
	got, cursor := []string{}, ""
	for {
		page, err := w.api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: ops, Limit: 2, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range page.Messages {
			got = append([]string{m.Timestamp}, got...)
		}
		if cursor = page.ResponseMetaData.NextCursor; cursor == "" {
			break
		}
	}
	if strings.Join(got, " ") != strings.Join(stamps, " ") {
		t.Errorf("paged %v, posted %v", got, stamps)
	}
	window, err := w.api.GetConversationHistory(&slack.GetConversationHistoryParameters{ChannelID: ops, Oldest: stamps[1], Latest: stamps[3], Inclusive: true})
	if err != nil || len(window.Messages) != 3 {
		t.Errorf("window %v, %v", window, err)
	}
}

func (w *world) notifications(person string) []workspace.Notification {
	w.t.Helper()
	list, err := w.As(person).Notifications()
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}
