package slack_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// The traps are the ways in which slack-go by itself loses events, floods
// Slack or hangs; each was seen to happen before it was guarded against.

// TestTrap1DisconnectLosesNoEvent ends one socket of two, then the other,
// while people talk. slack-go drops a socket at the first word of its end.
func TestTrap1DisconnectLosesNoEvent(t *testing.T) {
	t.Parallel()
	p := &tap{}
	w := run(t, setup{
		proxy: p.front, config: slack.Config{Connections: 2},
		workspace: workspace.Options{AckTimeout: 300 * time.Millisecond, RetryDelays: []time.Duration{0, 50 * time.Millisecond, 100 * time.Millisecond, time.Second, time.Second}},
	})
	both := func() bool { n, _, _ := w.Health(); return n == 2 }
	w.within("two connections", both)
	var want []string
	talk := func(n int) {
		for range n {
			words := fmt.Sprintf("status %02d", len(want))
			want = append(want, words)
			w.say([]string{"alice", "bob", "mallory"}[len(want)%3], "@rap "+words)
		}
	}
	talk(10)
	p.disconnect("refresh_requested")
	talk(10)
	w.within("one of two was lost", func() bool { return w.Connections() == 1 })
	for _, words := range []string{"a", "b", "c"} { // not delivered again, so the survivor must serve them
		want = append(want, words)
		w.say("alice", "/rap "+words)
	}
	w.within("two connections again", both)
	p.disconnect("warning")
	talk(10)
	w.handledWithin(len(want))
	slices.Sort(want)
	if got := w.texts(); !slices.Equal(got, want) {
		t.Errorf("handled %v\nwant %v", got, want)
	}
	if failed := w.sees("alice", "failed with the error"); len(failed) != 0 {
		t.Errorf("Slack told alice %v", failed)
	}
}

// TestTrap2AStormIsHeldBack has Slack disable every link right after its
// hello. slack-go opens 2,284 connections a second then.
func TestTrap2AStormIsHeldBack(t *testing.T) {
	t.Parallel()
	w := start(t, setup{config: slack.Config{Connections: 2}})
	w.fault(`{"link_disabled_on_connect":true}`)
	w.run()
	began := time.Now()
	w.within("three seconds of storm", func() bool { return time.Since(began) > 3*time.Second })
	if n := len(w.Calls("apps.connections.open")); n < 1 || n > 2 {
		t.Errorf("%d calls of apps.connections.open in 3 s", n)
	}
	if n, _, err := w.Health(); n > 0 && err != nil {
		t.Errorf("%d connected, %v", n, err)
	}
	w.ClearFaults()
	w.say("alice", "/rap lost, for nobody was connected")
	w.within("connected", func() bool { n, _, _ := w.Health(); return n > 0 })
	w.say("alice", "/rap status")
	w.handledWithin(1)
}

// TestTrap3AStuckHandlerStopsNothing fills every worker for good. slack-go
// never connects again once its events are not taken.
func TestTrap3AStuckHandlerStopsNothing(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	w := run(t, setup{config: slack.Config{Workers: 2, Queue: 20}, handle: func(_ context.Context, e slack.Event) {
		if strings.HasPrefix(e.Text, "stuck") {
			<-release
		}
	}})
	for i := range 80 { // slack-go holds 50
		w.say([]string{"alice", "bob", "mallory"}[i%3], fmt.Sprintf("/rap stuck %d", i))
	}
	w.within("all is acknowledged", func() bool { return acked(w.Deliveries()) == 80 })
	w.seesWithin("alice", "rapbot is busy. Nothing was changed. Try again in a moment.")
	if c := w.Counts(); c.Busy != 60 {
		t.Errorf("%+v", c)
	}
	for _, person := range []string{"alice", "bob", "mallory"} {
		if failed := w.sees(person, "failed with the error"); len(failed) != 0 {
			t.Errorf("Slack told %s %v", person, failed)
		}
	}
	w.fault(`{"drop":true}`)
	w.within("lost", func() bool { n, _, _ := w.Health(); return n == 0 })
	w.within("connected again", func() bool { n, _, _ := w.Health(); return n > 0 })
	close(release)
	w.handledWithin(20)
	w.say("alice", "/rap status")
	w.handledWithin(21)
}

func acked(all []workspace.Delivery) int {
	n := 0
	for _, d := range all {
		if d.Acked {
			n++
		}
	}
	return n
}

// TestTrap4AcknowledgingNeverBlocks sends more envelopes than slack-go queues
// acknowledgements for, and cuts the connection. The 21st would block for ever.
func TestTrap4AcknowledgingNeverBlocks(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.socket = func(n int64, conn *websocket.Conn) {
		if n > 1 {
			_ = conn.WriteJSON(slash("after", "after"))
			w.hear(conn)
			return
		}
		for i := range 60 {
			_ = conn.WriteJSON(slash(fmt.Sprint(i), "before"))
		}
	}
	after := make(chan struct{})
	began := time.Now()
	_, _ = w.adapter(t, slack.Config{}, func(_ context.Context, e slack.Event) {
		if e.Text == "after" {
			close(after)
		}
	})
	select {
	case <-after:
	case <-time.After(15 * time.Second):
		t.Fatal("the adapter hangs")
	}
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("took %v", took)
	}
}

// TestTrap5AcknowledgementsStaySmall answers with far more than the 20 KB that
// Slack takes in an acknowledgement; larger ones it drops without a word.
func TestTrap5AcknowledgementsStaySmall(t *testing.T) {
	t.Parallel()
	w := run(t, setup{handle: func(ctx context.Context, e slack.Event) {
		m := message("all of it")
		m.Blocks = append(m.Blocks, rapbot.Preformatted{Text: strings.Repeat("a long line of a log\n", 3000)})
		if err := e.Reply(ctx, m); err != nil {
			t.Error(err)
		}
	}})
	w.say("alice", "/rap logs")
	w.seesWithin("alice", "all of it")
	for _, d := range w.Deliveries() {
		if !d.Acked || len(d.Ack) > len("{}") {
			t.Errorf("acknowledged %v with %d bytes", d.Acked, len(d.Ack))
		}
	}
}

// TestTrap6HTTPHasADeadline has a server that takes the call and never answers.
// slack-go's own client would wait for ever.
func TestTrap6HTTPHasADeadline(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			if _, err := l.Accept(); err != nil {
				return
			}
		}
	}()
	a, err := slack.New(slack.Config{
		BotToken: "xoxb-1", AppToken: "xapp-1", APIURL: "http://" + l.Addr().String() + "/api/", Timeout: 50 * time.Millisecond, Backoff: time.Millisecond,
	}, func(context.Context, slack.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if _, err := a.Post(t.Context(), inOps, "k", message("x")); rapbot.ErrorCode(err) != rapbot.Unavailable {
		t.Errorf("%v", err)
	}
	if err := a.Edit(t.Context(), rapbot.Ref{Channel: ops, ID: "1.1"}, message("x")); rapbot.ErrorCode(err) != rapbot.Unavailable {
		t.Errorf("%v", err)
	}
	if _, err := a.Person(t.Context(), alice); rapbot.ErrorCode(err) != rapbot.Unavailable {
		t.Errorf("%v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("waited %v", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := a.Run(ctx); err != nil {
		t.Errorf("a server that does not answer ends Run: %v", err)
	}
	if _, _, err := a.Health(); err == nil {
		t.Error("healthy")
	}
}

// TestTrap6OpeningHasADeadline: to slack-go's opening of a link no context of
// rapbot's brings a deadline.
func TestTrap6OpeningHasADeadline(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	w.open = func(int64) string { <-over; return "" }
	_, _ = w.adapter(t, slack.Config{Timeout: 50 * time.Millisecond}, func(context.Context, slack.Event) {})
	await(t, "tried again", func() bool { return w.opened.Load() == 2 })
}

// TestTrap7DebugIsOff holds with a logger that takes every line. slack-go's
// debugging makes Slack close each link after six minutes.
func TestTrap7DebugIsOff(t *testing.T) {
	t.Parallel()
	p := &tap{}
	w := run(t, setup{proxy: p.front})
	w.say("alice", "/rap status")
	w.handledWithin(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.links) != 1 || strings.Contains(p.links[0], "debug_reconnects") {
		t.Errorf("opened %v", p.links)
	}
}
