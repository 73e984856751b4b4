package workspace_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/gorilla/websocket"
)

// openURL asks for a socket's address by hand.
func openURL(t *testing.T, w *world) string {
	t.Helper()
	request, _ := http.NewRequest(http.MethodPost, w.server.URL+"/api/apps.connections.open", nil)
	request.Header.Set("Authorization", "Bearer "+w.AppToken())
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var opened struct {
		OK         bool
		URL, Error string
	}
	if err := json.NewDecoder(response.Body).Decode(&opened); err != nil || !opened.OK {
		t.Fatalf("apps.connections.open: %v %s", err, opened.Error)
	}
	return opened.URL
}

// dial opens a raw socket and reads its hello.
func dial(t *testing.T, w *world) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.Dial(openURL(t, w), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var hello struct{ Type string }
	if err := conn.ReadJSON(&hello); err != nil || hello.Type != "hello" {
		t.Fatalf("first frame %+v, %v", hello, err)
	}
	return conn
}

// rawAcks answers every envelope with the frame that ack writes.
func rawAcks(t *testing.T, w *world, ack func(id string) string) {
	t.Helper()
	conn := dial(t, w)
	go func() {
		for {
			var envelope struct {
				ID string `json:"envelope_id"`
			}
			if conn.ReadJSON(&envelope) != nil {
				return
			}
			if conn.WriteMessage(websocket.TextMessage, []byte(ack(envelope.ID))) != nil {
				return
			}
		}
	}()
}
