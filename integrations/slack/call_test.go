package slack_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
)

func TestTooManyRequests(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, fault string
		least       time.Duration // between the first and the second call
	}{
		{"with Retry-After", `{"rate_limit":{"method":"chat.postMessage","times":1,"retry_after":1}}`, time.Second},
		{"without Retry-After", `{"rate_limit":{"method":"chat.postMessage","times":2,"retry_after":0}}`, 5 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, setup{})
			w.fault(tt.fault)
			w.post("said once")
			if got := w.sees("bob", "said once"); len(got) != 1 {
				t.Errorf("bob sees %v", got)
			}
			calls := w.Calls("chat.postMessage")
			if gap := calls[1].At.Sub(calls[0].At); gap < tt.least {
				t.Errorf("called again after %v", gap)
			}
			if w.Counts().RateLimited == 0 {
				t.Error("not counted")
			}
		})
	}
}

func TestChannelsArePaced(t *testing.T) {
	t.Parallel()
	w := start(t, setup{})
	began := time.Now()
	for _, words := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		w.post(words)
	}
	if took := time.Since(began); took < 3*time.Second {
		t.Errorf("seven posts in %v", took)
	}
	for _, c := range w.Calls("chat.postMessage") {
		if c.Status != http.StatusOK {
			t.Errorf("status %d: paced by Slack instead of by rapbot", c.Status)
		}
	}
}

func TestLostAnswersPostOnce(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"cut off after it was done": `{"eof_after_commit":{"method":"chat.postMessage","times":1}}`,
		"done, the answer too late": `{"slow":{"method":"chat.postMessage","times":1,"ms":1500}}`,
		"not done, status 503":      `{"server_error":{"method":"chat.postMessage","times":1}}`,
		"cut off twice":             `{"eof_after_commit":{"method":"chat.postMessage","times":2}}`,
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, setup{config: slack.Config{Timeout: 500 * time.Millisecond}})
			parent := w.post("parent")
			w.fault(fault)
			ref, err := w.Post(t.Context(), inOps, "op-1", message("card"))
			if err != nil {
				t.Fatal(err)
			}
			if got := w.sees("bob", "card"); len(got) != 1 || got[0].TS != ref.ID {
				t.Errorf("bob sees %v, posted %v", got, ref)
			}
			w.ClearFaults()
			w.fault(fault)
			if ref, err = w.Post(t.Context(), rapbot.Place{Channel: ops, Thread: parent.ID}, "op-1-1", message("news")); err != nil {
				t.Fatal(err)
			}
			if got := w.sees("bob", "news"); len(got) != 1 || got[0].TS != ref.ID || got[0].ThreadTS != parent.ID {
				t.Errorf("bob sees %v, posted %v", got, ref)
			}
		})
	}
}

func TestDoubtIsSaid(t *testing.T) {
	t.Parallel()
	w := start(t, setup{config: slack.Config{Timeout: 500 * time.Millisecond}})
	w.post("who rapbot is has been asked")
	w.fault(`{"eof_after_commit":{"method":"chat.postMessage","times":1},"server_error":{"method":"conversations.history","times":100}}`)
	_, err := w.Post(t.Context(), inOps, "op-1", message("card"))
	if rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(err.Error(), "It may or may not have been posted.") {
		t.Errorf("%v", err)
	}
	if got := w.sees("bob", "card"); len(got) != 1 {
		t.Errorf("bob sees %v", got)
	}
}

func TestPrivateAnswersAreNotRepeatedBlindly(t *testing.T) {
	t.Parallel()
	w := start(t, setup{})
	w.fault(`{"eof_after_commit":{"method":"chat.postEphemeral","times":1}}`)
	if err := w.Whisper(t.Context(), inOps, alice, message("refused")); rapbot.ErrorCode(err) != rapbot.Unavailable {
		t.Errorf("%v", err)
	}
	if got := w.sees("alice", "refused"); len(got) != 1 {
		t.Errorf("alice sees %v", got)
	}
}

func TestEditsAreRepeated(t *testing.T) {
	t.Parallel()
	w := start(t, setup{config: slack.Config{UpdateEvery: 10 * time.Millisecond}})
	ref := w.post("running")
	w.fault(`{"server_error":{"method":"chat.update","times":2},"eof_after_commit":{"method":"chat.update","times":1}}`)
	if err := w.Edit(t.Context(), ref, message("succeeded")); err != nil {
		t.Fatal(err)
	}
	w.seesWithin("bob", "succeeded")
	err := w.Edit(t.Context(), rapbot.Ref{Channel: ops, ID: "1.000001"}, message("x"))
	if rapbot.ErrorCode(err) != rapbot.NotFound {
		t.Errorf("a message that is not there: %v", err)
	}
}

func TestAnEditOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	w := start(t, setup{config: slack.Config{UpdateEvery: 10 * time.Millisecond, Backoff: time.Millisecond}})
	ref := w.post("running")
	w.fault(`{"server_error":{"method":"chat.update","times":6}}`)
	if err := w.Edit(t.Context(), ref, message("succeeded")); rapbot.ErrorCode(err) != rapbot.Unavailable {
		t.Errorf("%v", err)
	}
	w.seesWithin("bob", "succeeded")
}

func TestResponseURLsAreCounted(t *testing.T) {
	t.Parallel()
	w := run(t, setup{handle: func(ctx context.Context, e slack.Event) {
		for _, words := range []string{"one", "two", "three", "four", "five", "six"} {
			if err := e.Reply(ctx, message(words)); err != nil {
				t.Error(err)
			}
		}
	}})
	w.say("alice", "/rap status")
	w.seesWithin("alice", "six")
	if got := len(w.Calls("response_url")); got != 5 {
		t.Errorf("%d posts to the response_url", got)
	}
	if got := len(w.Calls("chat.postEphemeral")); got != 1 {
		t.Errorf("%d other answers", got)
	}
	if got := w.messages("bob"); len(got) != 0 {
		t.Errorf("bob sees %v", got)
	}
}
