package workspace_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// world is a workspace on a test server and slack-go as the independent client in front of it.
type world struct {
	*workspace.Workspace
	t      *testing.T
	server *httptest.Server
	api    *slack.Client
}

func start(t *testing.T, opt workspace.Options) *world {
	t.Helper()
	opt.Strict = true
	w := &world{Workspace: workspace.New(opt), t: t}
	w.server = httptest.NewServer(w.Handler())
	w.api = slack.New(w.BotToken(), slack.OptionAppLevelToken(w.AppToken()), slack.OptionAPIURL(w.server.URL+"/api/"),
		slack.OptionHTTPClient(&http.Client{Timeout: 5 * time.Second}))
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
		w.server.Close()
	})
	return w
}

// in is the same world for a subtest.
func (w *world) in(t *testing.T) *world {
	same := *w
	same.t = t
	return &same
}

// connect runs one Socket Mode client; handle gets every event, in its own goroutine, acknowledgement left to it.
func (w *world) connect(handle func(*socketmode.Client, socketmode.Event), options ...socketmode.Option) *socketmode.Client {
	w.t.Helper()
	client := socketmode.New(w.api, options...)
	ctx, cancel := context.WithCancel(context.Background())
	hello := make(chan struct{}, 100)
	ran := make(chan struct{})
	go func() { defer close(ran); _ = client.RunContext(ctx) }()
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case event := <-client.Events:
				if event.Type == socketmode.EventTypeHello {
					hello <- struct{}{}
				}
				if handle != nil {
					go handle(client, event)
				}
			}
		}
	}()
	w.t.Cleanup(func() { cancel(); <-ran })
	w.within("hello", func() bool { return len(hello) > 0 })
	return client
}

// within waits for something to become true and fails the test when it does not.
func (w *world) within(what string, so func() bool) {
	w.t.Helper()
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if so() {
			return
		}
	}
	w.t.Fatalf("never came: %s", what)
}

// take is the next value of a channel; a test that waits for what never comes fails instead of hanging.
func take[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case value := <-from:
		return value
	case <-time.After(15 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// sees waits until a person sees a message that contains the words, and returns it.
func (w *world) sees(person, channel, words string) workspace.Message {
	w.t.Helper()
	var found workspace.Message
	w.within(person+" sees "+words, func() bool {
		i := slices.IndexFunc(w.messages(person, channel), func(m workspace.Message) bool { return strings.Contains(m.Text, words) })
		if i >= 0 {
			found = w.messages(person, channel)[i]
		}
		return i >= 0
	})
	return found
}

func (w *world) seesNot(person, channel, words string) {
	w.t.Helper()
	for _, m := range w.messages(person, channel) {
		if strings.Contains(m.Text, words) {
			w.t.Errorf("%s sees %q", person, m.Text)
		}
	}
}

func (w *world) messages(person, channel string) []workspace.Message {
	w.t.Helper()
	list, err := w.As(person).Messages(channel)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// do calls the person API or the faults over HTTP, as the page and the lab's tests do.
func (w *world) do(method, path string, body any) (int, map[string]any) {
	w.t.Helper()
	raw, _ := json.Marshal(body)
	request, err := http.NewRequest(method, w.server.URL+path, bytes.NewReader(raw))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(text, &out); err != nil {
		w.t.Fatalf("%s %s answered %d %s", method, path, response.StatusCode, text)
	}
	return response.StatusCode, out
}

// does is do for a call that must succeed.
func (w *world) does(path string, body any) map[string]any {
	w.t.Helper()
	status, out := w.do(http.MethodPost, path, body)
	if status != http.StatusOK {
		w.t.Fatalf("POST %s answered %d %v", path, status, out)
	}
	return out
}

type object = map[string]any

func slackText(s string) slack.MsgOption { return slack.MsgOptionText(s, false) }
