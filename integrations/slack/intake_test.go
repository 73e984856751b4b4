package slack_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

func TestDuplicatesAreHandledOnce(t *testing.T) {
	t.Parallel()
	w := run(t, setup{})
	w.fault(`{"duplicate":2}`)
	w.say("alice", "/rap status")
	w.say("alice", "@rap cancel 7")
	w.within("seen as duplicates", func() bool { return w.Counts().Duplicates == 2 })
	w.handledWithin(2)
	if got := w.handled(); len(got) != 2 {
		t.Errorf("handled %v", got)
	}
}

func TestDuplicatesOfAnEarlierProcess(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	w := run(t, setup{config: slack.Config{FirstTime: func(_ context.Context, key string) (bool, error) {
		if key == "" {
			t.Error("no key")
		}
		if broken.Load() {
			return false, errors.New("database is locked")
		}
		return false, nil
	}}})
	w.say("alice", "/rap status")
	w.within("known to the journal", func() bool { return w.Counts().Duplicates == 1 })
	broken.Store(true)
	w.say("alice", "/rap history") // a journal that does not answer must not make rapbot deaf
	w.handledWithin(1)
	if got := w.texts(); !slices.Equal(got, []string{"history"}) {
		t.Errorf("handled %v", got)
	}
}

func TestPanicIsToldAndLogged(t *testing.T) {
	t.Parallel()
	w := run(t, setup{handle: func(_ context.Context, e slack.Event) {
		if e.Text == "boom" {
			panic("token xoxb-123-secret leaked")
		}
	}})
	w.say("alice", "/rap boom")
	told := w.seesWithin("alice", "Something broke inside rapbot (ref ").Text
	if !strings.Contains(told, "may be half done. Look at /rap status before you try again.") {
		t.Errorf("told %q", told)
	}
	_, ref, _ := strings.Cut(told, "(ref ")
	logged := w.log.FilterMessage("handler panicked").All()
	if len(logged) != 1 || logged[0].ContextMap()["ref"] != ref[:8] {
		t.Errorf("ref %s, logged %v", ref[:8], logged)
	}
	if words := fmt.Sprint(logged[0].ContextMap()["panic"]); words != "token [token] leaked" {
		t.Errorf("logged %q", words)
	}
	w.say("alice", "/rap status")
	w.handledWithin(2)
}

func TestOnePersonsEventsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	w := run(t, setup{config: slack.Config{Connections: 1, Workers: 8}})
	for i := range 12 {
		w.say("alice", fmt.Sprintf("/rap a%02d", i))
		w.say("bob", fmt.Sprintf("/rap b%02d", i))
	}
	w.handledWithin(24)
	for _, user := range []string{alice, bob} {
		var got []string
		for _, e := range w.handled() {
			if e.User == user {
				got = append(got, e.Text)
			}
		}
		if !slices.IsSorted(got) {
			t.Errorf("handled %v", got)
		}
	}
}

func TestEventsUnderWayAreFinished(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	w := run(t, setup{config: slack.Config{Workers: 1}, handle: func(ctx context.Context, e slack.Event) {
		if e.Text == "slow" {
			close(begun)
			<-release
		}
		_ = e.Reply(ctx, message("done: "+e.Text))
	}})
	w.say("alice", "/rap slow")
	<-begun
	w.say("bob", "/rap queued")
	w.within("acknowledged", func() bool { return acked(w.Deliveries()) == 2 })
	w.stop()
	close(release)
	if err := <-w.ended; err != nil {
		t.Error(err)
	}
	if len(w.sees("alice", "done: slow")) != 1 || len(w.sees("bob", "done: queued")) != 1 {
		t.Error("what was acknowledged was not done")
	}
}

func TestRunEndsThoughAHandlerDoesNot(t *testing.T) {
	t.Parallel()
	w := run(t, setup{config: slack.Config{Grace: 50 * time.Millisecond}, handle: func(ctx context.Context, _ slack.Event) { <-ctx.Done() }})
	w.say("alice", "/rap status")
	w.handledWithin(1)
	w.stop()
	if err := <-w.ended; err != nil {
		t.Error(err)
	}
}

func TestWhoIsNotServedAnyMoreIsTold(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	w := run(t, setup{config: slack.Config{Workers: 1, Grace: 300 * time.Millisecond}, handle: func(context.Context, slack.Event) { <-release }})
	defer close(release)
	w.say("alice", "/rap stuck")
	w.handledWithin(1)
	w.say("alice", "/rap behind herself")
	w.say("bob", "/rap behind alice")
	w.within("acknowledged", func() bool { return acked(w.Deliveries()) == 3 })
	w.stop()
	if err := <-w.ended; err != nil {
		t.Error(err)
	}
	for _, person := range []string{"alice", "bob"} {
		if got := w.sees(person, "rapbot is being restarted. Nothing was changed."); len(got) != 1 {
			t.Errorf("%s sees %v", person, w.messages(person))
		}
	}
	if got := w.handled(); len(got) != 1 {
		t.Errorf("handled %v", got)
	}
}

// TestWhatIsNotKnownIsAcknowledged: slack-go cannot acknowledge what it does
// not know, and Slack sends it again and again.
func TestWhatIsNotKnownIsAcknowledged(t *testing.T) {
	t.Parallel()
	w := newWire(t)
	w.socket = func(_ int64, conn *websocket.Conn) {
		_ = conn.WriteJSON(map[string]any{"envelope_id": "E1", "type": "workflow_step_v9", "payload": map[string]any{}})
		_ = conn.WriteJSON(map[string]any{"envelope_id": "E2", "type": "events_api", "payload": map[string]any{"type": "event_callback", "event_id": "Ev1", "event": map[string]any{"type": "from_the_future"}}})
		_ = conn.WriteJSON(map[string]any{"type": "mystery"})
		_ = conn.WriteJSON(map[string]any{"envelope_id": "E3", "type": "interactive", "payload": map[string]any{"type": "view_closed", "user": map[string]any{"id": "U1"}}})
		_ = conn.WriteJSON(slash("E4", "status"))
		w.hear(conn)
	}
	handled := make(chan slack.Event, 10)
	_, _ = w.adapter(t, slack.Config{}, func(_ context.Context, e slack.Event) { handled <- e })
	if e := <-handled; e.Text != "status" || e.ID != "E4" {
		t.Errorf("%+v", e)
	}
	await(t, "all is acknowledged", func() bool { return slices.Equal(w.acked(), []string{"E1", "E2", "E3", "E4"}) })
}

// TestOnlyPeopleAreHeard: whoever an event names must be who is behind it.
func TestOnlyPeopleAreHeard(t *testing.T) {
	t.Parallel()
	event := func(id string, inner map[string]any) map[string]any {
		return map[string]any{"envelope_id": id, "type": "events_api", "payload": map[string]any{"type": "event_callback", "event_id": id, "event": inner}}
	}
	frames := []map[string]any{
		event("1", map[string]any{"type": "app_mention", "user": "U1", "bot_id": "B1", "text": "<@U0RAP> failover", "channel": "C1", "ts": "1.1"}),
		event("2", map[string]any{"type": "app_mention", "user": "U1", "text": "<@U0RAP> failover", "channel": "C1", "ts": "1.1", "edited": map[string]any{"user": "U1", "ts": "1.2"}}),
		event("3", map[string]any{"type": "message", "channel_type": "im", "subtype": "message_changed", "channel": "D1", "message": map[string]any{"user": "U1", "text": "failover", "ts": "1.1"}}),
		event("4", map[string]any{"type": "message", "channel_type": "im", "user": "U0RAP", "text": "failover", "channel": "D1", "ts": "1.1"}),
		event("5", map[string]any{"type": "message", "channel_type": "channel", "user": "U1", "text": "failover", "channel": "C1", "ts": "1.1"}),
		event("6", map[string]any{"type": "app_home_opened", "tab": "messages", "user": "U1", "channel": "D1"}),
		{"envelope_id": "7", "type": "slash_commands", "payload": map[string]any{"user_id": "!channel", "text": "failover"}},
		{"envelope_id": "8", "type": "interactive", "payload": map[string]any{
			"type": "block_actions", "user": map[string]any{"id": "U1"}, "container": map[string]any{"type": "message", "message_ts": "1.1", "channel_id": "C1"},
			"actions": []any{map[string]any{"type": "button", "action_id": "open-link#2", "block_id": "b"}},
		}},
		event("9", map[string]any{"type": "app_home_opened", "tab": "home", "user": "U1", "channel": "D1"}),
		slash("10", "the last"),
	}
	w := newWire(t)
	w.socket = func(_ int64, conn *websocket.Conn) {
		for _, f := range frames {
			_ = conn.WriteJSON(f)
		}
		w.hear(conn)
	}
	handled := make(chan slack.Event, 20)
	_, _ = w.adapter(t, slack.Config{}, func(_ context.Context, e slack.Event) { handled <- e })
	if e := <-handled; e.Kind != slack.HomeOpened || e.User != "U1" {
		t.Errorf("%+v", e)
	}
	if e := <-handled; e.Kind != slack.Command || e.Text != "the last" {
		t.Errorf("%+v", e)
	}
	await(t, "all is acknowledged", func() bool { return len(w.acked()) == len(frames) })
}

func TestWhatNoWaitingMendsEndsRun(t *testing.T) {
	t.Parallel()
	bot, app := workspace.New(workspace.Options{}).BotToken(), workspace.New(workspace.Options{}).AppToken()
	tests := []struct {
		name string
		c    slack.Config
		want string
	}{
		{"bot token unknown", slack.Config{BotToken: "xoxb-unknown", AppToken: app}, "Slack does not accept the bot token (invalid_auth)."},
		{"app token unknown", slack.Config{BotToken: bot, AppToken: "xapp-unknown"}, "Slack does not accept the app-level token (invalid_auth). rapbot can neither hear nor say anything. It does not exist"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := start(t, setup{config: tt.c})
			w.run()
			err := <-w.ended
			if rapbot.ErrorCode(err) != rapbot.Invalid || !strings.HasPrefix(fmt.Sprint(err), tt.want) {
				t.Errorf("%v", err)
			}
			w.noSecrets(err)
		})
	}
	for name, fix := range map[string]string{
		"not_allowed_token_type": "the app-level token with xapp-", "missing_scope": "needs connections:write", "token_revoked": "It was revoked",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWire(t)
			w.open = func(int64) string { return `{"ok":false,"error":"` + name + `"}` }
			_, ended := w.adapter(t, slack.Config{}, func(context.Context, slack.Event) {})
			if err := <-ended; err == nil || !strings.Contains(err.Error(), fix) {
				t.Errorf("%v", err)
			}
			if n := w.opened.Load(); n != 1 {
				t.Errorf("tried %d times", n)
			}
		})
	}
	t.Run("internal_error is waited out", func(t *testing.T) {
		t.Parallel()
		w := newWire(t)
		w.open = func(n int64) string {
			if n == 1 {
				return `{"ok":false,"error":"internal_error"}`
			}
			return ""
		}
		w.socket = func(_ int64, conn *websocket.Conn) { w.hear(conn) }
		a, _ := w.adapter(t, slack.Config{}, func(context.Context, slack.Event) {})
		await(t, "connected", func() bool { n, _, err := a.Health(); return n == 1 && err == nil })
	})
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	_, err := slack.New(slack.Config{
		BotToken: "xapp-1-secret", AppToken: "xoxb-1-secret", APIURL: "ftp://x", Connections: 11, ApproverUsers: []string{"alice"}, ApproverGroups: []string{"@oncall"},
	}, func(context.Context, slack.Event) {})
	for _, want := range []string{"slack.bot_token", "slack.app_token", "slack.api_url", "slack.connections", `"alice" is no user ID`, `"@oncall" is no user group ID`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if strings.Contains(fmt.Sprint(err), "secret") {
		t.Errorf("a secret is in %v", err)
	}
}
