package slack_test

import (
	"context"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
)

// TestNoSecretLeaves is R10: every way in which a call can fail, with a logger
// that takes every line, and neither a token nor a private address in any
// error or line.
func TestNoSecretLeaves(t *testing.T) {
	t.Parallel()
	var errs []error
	failed := make(chan error, 100)
	w := run(t, setup{config: slack.Config{ApproverGroups: []string{"S0ONCALL"}, Timeout: 300 * time.Millisecond, UpdateEvery: time.Millisecond, Backoff: time.Millisecond}, handle: func(ctx context.Context, e slack.Event) {
		failed <- e.Reply(ctx, message("answer"))
	}})
	ref := w.post("card")
	faults := []string{
		`{"server_error":{"method":"*","times":1000}}`,
		`{"eof_after_commit":{"method":"*","times":1000}}`,
		`{"rate_limit":{"method":"*","times":1000,"retry_after":0}}`,
		`{"rate_limit":{"method":"*","times":1000,"retry_after":100}}`,
		`{"slow":{"method":"*","times":1000,"ms":400}}`,
	}
	for _, fault := range faults {
		w.fault(fault)
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		w.say("alice", "/rap status")
		_, err := w.Post(ctx, inOps, "", message("x"))
		_, attached := w.Attach(ctx, inOps, "", textFile("x"))
		errs = append(errs, attached)
		errs = append(errs, err, w.Edit(ctx, ref, message("x")), w.Whisper(ctx, inOps, alice, message("x")), w.OpenForm(ctx, "trigger", rapbot.Form{Title: "T", Inputs: []rapbot.Input{{Name: "a"}}}))
		_, err = w.Person(ctx, bob)
		errs = append(errs, err, <-failed)
		cancel()
		w.ClearFaults()
	}
	w.fault(`{"refuse_connections":true,"drop":true}`)
	w.within("the link is lost", func() bool { n, _, err := w.Health(); return n == 0 && err != nil })
	_, _, health := w.Health()
	w.server.CloseClientConnections()
	w.server.Close()
	_, err := w.Post(t.Context(), inOps, "", message("x"))
	errs = append(errs, health, err)
	for i, err := range errs {
		if err == nil {
			t.Errorf("call %d did not fail", i)
		}
	}
	if w.log.Len() == 0 {
		t.Error("nothing was logged")
	}
	w.noSecrets(errs...)
}
