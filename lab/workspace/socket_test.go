package workspace_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// opened is how many sockets were ever asked for.
func opened(w *world) int { return len(w.Calls("apps.connections.open")) }

func TestPingsKeepALinkAndTheirAbsenceEndsIt(t *testing.T) {
	t.Parallel()
	w := start(t, workspace.Options{PingEvery: 100 * time.Millisecond})
	w.connect(nil, socketmode.OptionPingInterval(time.Second))
	time.Sleep(2200 * time.Millisecond) // two of slack-go's intervals
	if n := opened(w); n != 1 {
		t.Errorf("%d connections while pings came, want 1", n)
	}
	w.does("/faults", object{"half_open": true})
	w.within("a new connection after the pings stopped", func() bool { return opened(w) == 2 })
}

func TestPingsOfTheAppAreAnswered(t *testing.T) {
	w := start(t, workspace.Options{PingEvery: 30 * time.Millisecond})
	conn := dial(t, w)
	pongs, pings := make(chan string, 1), make(chan string, 10)
	conn.SetPongHandler(func(data string) error { pongs <- data; return nil })
	conn.SetPingHandler(func(data string) error { pings <- data; return nil })
	go func() { _, _, _ = conn.ReadMessage() }()
	if err := conn.WriteControl(websocket.PingMessage, []byte("7"), time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if got := take(t, pongs); got != "7" {
		t.Errorf("pong %q", got)
	}
	if got := take(t, pings); !strings.HasPrefix(got, "Ping from applink") {
		t.Errorf("ping %q", got)
	}
}

func TestTicketsServeOnce(t *testing.T) {
	w := start(t, workspace.Options{})
	url := openURL(t, w)
	conn, _, err := websocket.DefaultDialer.Dial(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_, response, err := websocket.DefaultDialer.Dial(url, nil)
	if err == nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("second dial: %v", err)
	}
}

func TestAtMostTenSocketsAndAnyOfThemIsUsed(t *testing.T) {
	w := start(t, workspace.Options{})
	used := make(chan int, 400)
	for i := range 10 {
		conn := dial(t, w)
		go func() {
			for {
				var envelope struct {
					ID string `json:"envelope_id"`
				}
				if conn.ReadJSON(&envelope) != nil {
					return
				}
				used <- i
				_ = conn.WriteJSON(object{"envelope_id": envelope.ID})
			}
		}()
	}
	if _, _, err := w.api.StartSocketModeContext(t.Context()); err == nil || err.Error() != "too_many_websockets" {
		t.Errorf("eleventh socket: %v", err)
	}
	seen := map[int]bool{}
	for range 60 {
		if _, err := w.As("alice").Say("rap-ops", "/rap status", ""); err != nil {
			t.Fatal(err)
		}
		seen[take(t, used)] = true
	}
	if len(seen) < 2 {
		t.Errorf("60 envelopes went to %d of 10 sockets", len(seen))
	}
}

func TestDisconnectAndReconnect(t *testing.T) {
	for _, reason := range []string{"refresh_requested", "link_disabled", "too_many_websockets"} {
		w := start(t, workspace.Options{})
		w.connect(onSlash(func(slack.SlashCommand) any { return map[string]any{"text": "still here"} }))
		w.does("/faults", object{"disconnect": reason})
		w.within("a connection after "+reason, func() bool { return opened(w) >= 2 && w.Connections() == 1 })
		w.within("an answer after "+reason, func() bool {
			w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/rap status"})
			time.Sleep(20 * time.Millisecond)
			for _, m := range w.messages("alice", "rap-ops") {
				if m.Text == "still here" {
					return true
				}
			}
			return false
		})
	}
}

func TestWarningClosesLater(t *testing.T) {
	w := start(t, workspace.Options{})
	conn := dial(t, w)
	w.does("/faults", object{"disconnect": "warning", "warning_seconds": 0.2})
	var frame struct{ Type, Reason string }
	if err := conn.ReadJSON(&frame); err != nil || frame.Type != "disconnect" || frame.Reason != "warning" {
		t.Fatalf("frame %+v, %v", frame, err)
	}
	at := time.Now()
	_, _, err := conn.ReadMessage()
	if !websocket.IsCloseError(err, websocket.CloseNormalClosure) {
		t.Errorf("ended with %v, want a close frame", err)
	}
	if waited := time.Since(at); waited < 100*time.Millisecond {
		t.Errorf("closed %s after the warning", waited)
	}
}

func TestDropEndsWithoutACloseFrame(t *testing.T) {
	w := start(t, workspace.Options{})
	conn := dial(t, w)
	w.does("/faults", object{"drop": true})
	_, _, err := conn.ReadMessage()
	var closed *websocket.CloseError
	if errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure {
		t.Errorf("ended with close frame %v", err)
	}
	w.within("no sockets", func() bool { return w.Connections() == 0 })
}

func TestRefusedConnectionsComeBack(t *testing.T) {
	w := start(t, workspace.Options{})
	url := openURL(t, w)
	w.does("/faults", object{"refuse_connections": true})
	var status slack.StatusCodeError
	if _, _, err := w.api.StartSocketModeContext(t.Context()); !errors.As(err, &status) || status.Code != http.StatusServiceUnavailable {
		t.Errorf("apps.connections.open: %v", err)
	}
	if _, response, err := websocket.DefaultDialer.Dial(url, nil); err == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("dial: %v", err)
	}
	w.does("/faults", object{"refuse_connections": false})
	dial(t, w)
}

// slack-go redials without a pause when the link is disabled after hello; the storm is what the fault is for.
func TestLinkDisabledOnConnect(t *testing.T) {
	w := start(t, workspace.Options{Unlimited: true})
	w.does("/faults", object{"link_disabled_on_connect": true})
	w.connect(nil)
	w.within("a storm", func() bool { return opened(w) > 5 })
	if status, out := w.do("DELETE", "/faults", nil); status != 200 || len(out["faults"].(object)) != 0 {
		t.Errorf("%d %v", status, out)
	}
	w.within("peace", func() bool { return w.Connections() == 1 })
}

func TestDuplicateDelivery(t *testing.T) {
	w := start(t, workspace.Options{})
	ids := make(chan string, 5)
	w.connect(func(client *socketmode.Client, event socketmode.Event) {
		if event.Type == socketmode.EventTypeSlashCommand {
			ids <- event.Request.EnvelopeID
			_ = client.Ack(*event.Request, map[string]any{"text": "once"})
		}
	})
	w.does("/faults", object{"duplicate": 1})
	w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/rap status"})
	if first, second := take(t, ids), take(t, ids); first != second {
		t.Errorf("envelopes %s and %s", first, second)
	}
	w.sees("alice", "rap-ops", "once")
	time.Sleep(20 * time.Millisecond)
	if n := len(w.messages("alice", "rap-ops")); n != 1 {
		t.Errorf("%d messages after two acknowledgements", n)
	}
}

func TestLateAckShortensPatience(t *testing.T) {
	w := start(t, workspace.Options{})
	w.connect(nil)
	w.does("/faults", object{"late_ack": 2.95})
	w.does("/person/alice/say", object{"channel": "rap-ops", "text": "/rap status"})
	w.sees("alice", "rap-ops", "operation_timeout")
}
