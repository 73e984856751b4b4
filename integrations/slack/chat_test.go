package slack_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

func TestCommandIsAnsweredInPrivate(t *testing.T) {
	t.Parallel()
	w := run(t, setup{handle: func(ctx context.Context, e slack.Event) {
		for _, words := range []string{"checking", "us-east-1 is the primary"} {
			if err := e.Reply(ctx, message(words)); err != nil {
				t.Error(err)
			}
		}
	}})
	w.say("alice", "/rap status &us-east-1")
	w.seesWithin("alice", "us-east-1 is the primary")
	if got := w.sees("alice", "checking"); len(got) != 0 {
		t.Errorf("the second answer does not take the place of the first: %v", got)
	}
	if got := w.messages("bob"); len(got) != 0 {
		t.Errorf("bob sees alice's answer: %v", got)
	}
	e := w.handled()[0]
	if e.Kind != slack.Command || e.User != alice || e.Channel != ops || e.Text != "status &us-east-1" || e.ID == "" || e.Trigger == "" {
		t.Errorf("%+v", e)
	}
}

func TestClickNamesItsMessage(t *testing.T) {
	t.Parallel()
	w := run(t, setup{handle: func(ctx context.Context, e slack.Event) {
		_ = e.Reply(ctx, message("You asked for this."))
		_ = e.Reply(ctx, message("Ask somebody else."))
	}})
	ref, err := w.Post(t.Context(), inOps, "op-1", rapbot.Message{Summary: "Switch over", Blocks: []rapbot.Block{
		rapbot.Buttons{{Label: "Approve Switchover", Action: "approve", Value: "1:digest"}, {Label: "Status", Action: "status", Value: "a"}, {Label: "Status b", Action: "status", Value: "b"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"Approve Switchover", "Status b"} {
		if err := w.click("alice", ref, label); err != nil {
			t.Fatal(err)
		}
	}
	w.handledWithin(2)
	approve, status := w.handled()[0], w.handled()[1]
	if approve.Kind != slack.Click || approve.Action != "approve" || approve.Value != "1:digest" || approve.Message != ref || approve.User != alice {
		t.Errorf("%+v", approve)
	}
	if status.Action != "status" || status.Value != "b" {
		t.Errorf("an action that stands twice on a message: %+v", status)
	}
	w.seesWithin("alice", "Ask somebody else.")
	w.seesWithin("alice", "You asked for this.")
	if card := w.seesWithin("bob", "Switch over"); card.Edits != 0 {
		t.Error("the answer to a click replaced the card")
	}
	if got := w.messages("bob"); len(got) != 1 {
		t.Errorf("bob sees alice's answer: %v", got)
	}
}

func TestFormCarriesItsValue(t *testing.T) {
	t.Parallel()
	form := rapbot.Form{Action: "reject-form", Value: "7:digest", Title: "Reject operation 7", Submit: "Reject", Intro: rapbot.Say("Say why."), Inputs: []rapbot.Input{
		{Name: "reason", Label: "Reason", Multiline: true, Optional: true},
		{Name: "region", Label: "Region", Options: []rapbot.Option{{Label: "us-west-2", Value: "us-west-2"}, {Label: "eu-west-1", Value: "eu-west-1"}}, Initial: "eu-west-1"},
	}}
	var w *world
	opened := make(chan error, 2)
	w = start(t, setup{handle: func(ctx context.Context, e slack.Event) {
		if e.Kind == slack.Command {
			opened <- w.OpenForm(ctx, e.Trigger, form)
			opened <- w.OpenForm(ctx, e.Trigger, form)
			return
		}
		_ = e.Reply(ctx, message("Rejected."))
	}})
	w.run()
	w.within("connected", func() bool { n, _, _ := w.Health(); return n > 0 })
	w.say("bob", "/rap reject")
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	if err := <-opened; rapbot.ErrorCode(err) != rapbot.Expired {
		t.Errorf("a spent trigger: %v", err)
	}
	modals, _, err := w.As("bob").Views()
	if err != nil || len(modals) != 1 {
		t.Fatal(err, modals)
	}
	id := viewID(t, modals[0])
	if fields, err := w.As("bob").Submit(id, map[string]any{"reason": "not <now>"}); err != nil || len(fields) > 0 {
		t.Fatal(err, fields)
	}
	w.seesWithin("bob", "Rejected.")
	e := w.handled()[1]
	if e.Kind != slack.Submission || e.Action != "reject-form" || e.Value != "7:digest" || e.Channel != ops || e.Values["reason"] != "not <now>" || e.Values["region"] != "eu-west-1" {
		t.Errorf("%+v", e)
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	w := run(t, setup{})
	card := w.post("the card")
	if _, err := w.As("alice").Say("rap-ops", "@rap cancel 7 <https://x>", card.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := w.As("bob").Say("@rap", "status", ""); err != nil {
		t.Fatal(err)
	}
	w.handledWithin(2)
	for _, e := range w.handled() {
		switch {
		case e.Kind != slack.Mention:
			t.Errorf("%+v", e)
		case e.User == alice && (e.Thread != card.ID || e.Text != "cancel 7 <https://x>"):
			t.Errorf("%+v", e)
		case e.User == bob && e.Text != "status":
			t.Errorf("%+v", e)
		}
	}
}

func TestWhisperIsForOnePerson(t *testing.T) {
	t.Parallel()
	w := run(t, setup{})
	if err := w.Whisper(t.Context(), inOps, alice, message("for alice")); err != nil {
		t.Fatal(err)
	}
	if err := w.Whisper(t.Context(), rapbot.Place{Channel: "C07GENERAL3"}, alice, message("elsewhere")); err != nil {
		t.Fatal(err)
	}
	if got := w.sees("alice", "for alice"); len(got) != 1 || !got[0].Ephemeral {
		t.Errorf("alice sees %v", got)
	}
	if got := w.messages("bob"); len(got) != 0 {
		t.Errorf("bob sees %v", got)
	}
	if dm, err := w.As("alice").Messages("@rap"); err != nil || len(dm) != 1 || !strings.Contains(dm[0].Text, "elsewhere") {
		t.Errorf("in a channel that rapbot is not in: %v, %v", dm, err)
	}
	if err := w.Whisper(t.Context(), inOps, "alice", message("x")); rapbot.ErrorCode(err) != rapbot.Invalid {
		t.Errorf("a name for an ID: %v", err)
	}
}

func TestPostCarriesItsKey(t *testing.T) {
	t.Parallel()
	w := run(t, setup{})
	ref := w.post("op-7")
	if got := w.messages("bob"); len(got) != 1 || !strings.Contains(string(got[0].Metadata), `"key":"op-7"`) {
		t.Errorf("%v", got)
	}
	if again := w.post("op-7"); again != ref {
		t.Errorf("a process that crashed after posting posts again: %v, %v", ref, again)
	}
	reply, err := w.Post(t.Context(), rapbot.Place{Channel: ops, Thread: ref.ID}, "op-7-1", message("news"))
	if err != nil {
		t.Fatal(err)
	}
	if got := w.sees("bob", "news"); len(got) != 1 || got[0].ThreadTS != ref.ID || got[0].TS != reply.ID {
		t.Errorf("%v", got)
	}
	_, err = w.Post(t.Context(), rapbot.Place{Channel: "C07GENERAL3"}, "k", message("x"))
	if rapbot.ErrorCode(err) != rapbot.NotFound || !strings.Contains(err.Error(), "Nothing was posted. Invite rapbot") {
		t.Errorf("%v", err)
	}
}

// TestAnOldKeyIsNotTheSame: a journal that was lost begins its numbers again.
func TestAnOldKeyIsNotTheSame(t *testing.T) {
	t.Parallel()
	var ago atomic.Int64
	ago.Store(int64(time.Hour))
	w := start(t, setup{workspace: workspace.Options{Clock: func() time.Time { return time.Now().Add(-time.Duration(ago.Load())) }}})
	old := w.post("op-1")
	ago.Store(0)
	if ref := w.post("op-1"); ref == old {
		t.Error("a card of an hour ago passes for a new one")
	}
}

func TestEditsKeepTheirPaceAndTheLastOneCounts(t *testing.T) {
	t.Parallel()
	const pace = 300 * time.Millisecond
	w := run(t, setup{config: slack.Config{UpdateEvery: pace}})
	ref := w.post("0 %")
	done := make(chan error, 100)
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*5*time.Millisecond)
		defer cancel()
		_ = w.Edit(ctx, ref, message("step")) // gives up waiting; what it wanted is superseded
	}
	for range 20 {
		go func() { done <- w.Edit(t.Context(), ref, message("100 %")) }()
	}
	for range 20 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := w.seesWithin("bob", "100 %"); got.Edited != nil {
		t.Error("the card is marked as edited")
	}
	calls := w.Calls("chat.update")
	for i := 1; i < len(calls); i++ {
		if gap := calls[i].At.Sub(calls[i-1].At); gap < pace*9/10 {
			t.Errorf("%v between two edits of one message", gap)
		}
	}
	if len(calls) < 2 || len(calls) > 20 {
		t.Errorf("%d edits", len(calls))
	}
}

func TestTheLastEditGoesOutWhenRunEnds(t *testing.T) {
	t.Parallel()
	w := run(t, setup{config: slack.Config{UpdateEvery: time.Hour}})
	ref := w.post("0 %")
	if err := w.Edit(t.Context(), ref, message("50 %")); err != nil {
		t.Fatal(err)
	}
	given, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Edit(given, ref, message("done")); rapbot.ErrorCode(err) != rapbot.Unavailable {
		t.Errorf("%v", err)
	}
	w.stop()
	if err := <-w.ended; err != nil {
		t.Error(err)
	}
	w.seesWithin("bob", "done")
}

// TestTeamIsCalled: a reply that mentions a user group rings its members, who do
// not follow the thread, and nobody else.
func TestTeamIsCalled(t *testing.T) {
	t.Parallel()
	w := run(t, setup{})
	card, err := w.Post(t.Context(), inOps, "alert-1", message("Firing: ReplicationLag"))
	if err != nil {
		t.Fatal(err)
	}
	text := rapbot.Say(rapbot.Team("S0ONCALL"), ", nobody has acknowledged this. <!channel>")
	reply := rapbot.Message{Summary: "Nobody has acknowledged this", Blocks: []rapbot.Block{rapbot.Paragraph{Text: text}}}
	if _, err := w.Post(t.Context(), rapbot.Place{Channel: ops, Thread: card.ID}, "alert-1-escalated", reply); err != nil {
		t.Fatal(err)
	}
	for person, called := range map[string]bool{"bob": true, "mallory": false} {
		rang, err := w.As(person).Notifications()
		if err != nil {
			t.Fatal(err)
		}
		if last := rang[len(rang)-1]; (last.Why == "mention") != called || len(rang) > 2 {
			t.Errorf("%s's Slack rang %+v", person, rang)
		}
	}
}
