package slack_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// next is the adapter of the process that follows one that was killed.
func (w *world) next() *slack.Adapter {
	w.t.Helper()
	a, err := slack.New(slack.Config{
		BotToken: w.BotToken(), AppToken: w.AppToken(), APIURL: w.server.URL + "/api/", Backoff: 20 * time.Millisecond, Timeout: 500 * time.Millisecond,
	}, func(context.Context, slack.Event) {})
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// chatter fills the channel by other means, which no pace of rapbot's bounds.
func (w *world) chatter(messages int) {
	w.t.Helper()
	for i := range messages {
		resp, err := http.PostForm(w.server.URL+"/api/chat.postMessage", url.Values{"token": {w.BotToken()}, "channel": {ops}, "text": {fmt.Sprint("chatter ", i)}})
		if err != nil {
			w.t.Fatal(err)
		}
		resp.Body.Close()
	}
}

// TestWhatAKilledProcessSaidIsNotSaidAgain: in a storm its turn may come again
// after hundreds of messages.
func TestWhatAKilledProcessSaidIsNotSaidAgain(t *testing.T) {
	t.Parallel()
	w := start(t, setup{workspace: workspace.Options{Unlimited: true}})
	card := w.post("alert-1")
	reply, err := w.Post(t.Context(), rapbot.Place{Channel: ops, Thread: card.ID}, "alert-1-resolved", message("news"))
	if err != nil {
		t.Fatal(err)
	}
	w.chatter(230)

	after := w.next()
	for range 2 {
		if got, err := after.Post(t.Context(), inOps, "alert-1", message("again")); err != nil || got != card {
			t.Errorf("the card is at %v, %v; it was posted at %v", got, err, card)
		}
		if got, err := after.Post(t.Context(), rapbot.Place{Channel: ops, Thread: card.ID}, "alert-1-resolved", message("again")); err != nil || got != reply {
			t.Errorf("the reply is at %v, %v; it was posted at %v", got, err, reply)
		}
	}
	if got := w.sees("bob", "again"); len(got) != 0 {
		t.Errorf("said again: %v", got)
	}
	if n := len(w.Calls("conversations.history")); n > 4 {
		t.Errorf("the channel was read in %d calls; once takes three", n)
	}
}

// TestNothingIsPostedBeforeThePastIsKnown: while Slack does not say what was
// posted before, a post may be one too many.
func TestNothingIsPostedBeforeThePastIsKnown(t *testing.T) {
	t.Parallel()
	w := start(t, setup{})
	card := w.post("alert-1")
	w.fault(`{"server_error":{"method":"conversations.history","times":5}}`)
	after := w.next()
	if _, err := after.Post(t.Context(), inOps, "alert-1", message("again")); rapbot.ErrorCode(err) != rapbot.Unavailable {
		t.Errorf("%v", err)
	}
	if got, err := after.Post(t.Context(), inOps, "alert-1", message("again")); err != nil || got != card {
		t.Errorf("the card is at %v, %v; it was posted at %v", got, err, card)
	}
}

// TestADoubtIsLookedIntoBeforeTheNextTry, however late that comes.
func TestADoubtIsLookedIntoBeforeTheNextTry(t *testing.T) {
	t.Parallel()
	w := start(t, setup{config: slack.Config{Timeout: 500 * time.Millisecond}})
	w.post("what was posted before is known")
	w.fault(`{"eof_after_commit":{"method":"chat.postMessage","times":1},"server_error":{"method":"conversations.history","times":5}}`)
	if _, err := w.Post(t.Context(), inOps, "alert-1", message("card")); err == nil {
		t.Fatal("the answer was lost and nobody said so")
	}
	if _, err := w.Post(t.Context(), inOps, "alert-1", message("card")); err != nil {
		t.Fatal(err)
	}
	if got := w.sees("bob", "card"); len(got) != 1 {
		t.Errorf("bob sees %v", got)
	}
}
