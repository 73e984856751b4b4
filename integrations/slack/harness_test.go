package slack_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

const (
	ops   = "C07RAPOPS01"
	alice = "U07ALICE001"
	bob   = "U07BOB00002"
)

var inOps = rapbot.Place{Channel: ops}

// world is an emulated workspace with an adapter in front of it.
type world struct {
	*workspace.Workspace
	*slack.Adapter
	t      *testing.T
	server *httptest.Server
	log    *observer.ObservedLogs
	ended  chan error // what Run returned
	stop   context.CancelFunc

	mu     sync.Mutex
	events []slack.Event
}

type setup struct {
	workspace workspace.Options
	config    slack.Config
	handle    slack.Handler // beside recording
	proxy     func(*httptest.Server) *httptest.Server
}

// start makes a workspace and an adapter that is not running yet.
func start(t *testing.T, s setup) *world {
	t.Helper()
	s.workspace.Strict = true
	w := &world{Workspace: workspace.New(s.workspace), t: t, ended: make(chan error, 1)}
	w.server = httptest.NewServer(w.Handler())
	t.Cleanup(w.server.Close)
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	front := w.server
	if s.proxy != nil {
		front = s.proxy(w.server)
		t.Cleanup(front.Close)
	}
	core, log := observer.New(zap.DebugLevel)
	w.log = log
	c := s.config
	c.APIURL, c.Log = front.URL+"/api/", zap.New(core)
	if c.BotToken == "" {
		c.BotToken = w.BotToken()
	}
	if c.AppToken == "" {
		c.AppToken = w.AppToken()
	}
	if c.Connections == 0 {
		c.Connections = 1
	}
	if c.Backoff == 0 {
		c.Backoff = 20 * time.Millisecond
	}
	var err error
	w.Adapter, err = slack.New(c, func(ctx context.Context, e slack.Event) {
		w.mu.Lock()
		w.events = append(w.events, e)
		w.mu.Unlock()
		if s.handle != nil {
			s.handle(ctx, e)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// run is start, with the adapter running and connected.
func run(t *testing.T, s setup) *world {
	t.Helper()
	w := start(t, s)
	w.run()
	w.within("connected", func() bool { n, _, _ := w.Health(); return n > 0 })
	return w
}

func (w *world) run() {
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	gone := make(chan struct{})
	go func() { w.ended <- w.Run(ctx); close(gone) }()
	w.t.Cleanup(func() { cancel(); <-gone })
}

// within waits for something to become true and fails the test when it does not.
func (w *world) within(what string, so func() bool) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if so() {
			return
		}
	}
	_, _, err := w.Health()
	w.t.Fatalf("never came: %s (health: %v)", what, err)
}

func (w *world) handled() []slack.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.events)
}

// texts are what the handled events said, sorted.
func (w *world) texts() []string {
	var out []string
	for _, e := range w.handled() {
		out = append(out, e.Text)
	}
	slices.Sort(out)
	return out
}

func (w *world) handledWithin(n int) {
	w.t.Helper()
	w.within("events handled", func() bool { return len(w.handled()) >= n })
}

func (w *world) say(person, words string) {
	w.t.Helper()
	if _, err := w.As(person).Say("rap-ops", words, ""); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) fault(json string) {
	w.t.Helper()
	if _, err := w.Fault([]byte(json)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) messages(person string) []workspace.Message {
	w.t.Helper()
	list, err := w.As(person).Messages("rap-ops")
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// sees finds the messages before a person that contain the words.
func (w *world) sees(person, words string) []workspace.Message {
	w.t.Helper()
	return slices.DeleteFunc(w.messages(person), func(m workspace.Message) bool {
		return !strings.Contains(m.Text, words)
	})
}

func (w *world) seesWithin(person, words string) workspace.Message {
	w.t.Helper()
	w.within(person+" sees "+words, func() bool { return len(w.sees(person, words)) > 0 })
	return w.sees(person, words)[0]
}

func (w *world) post(words string) rapbot.Ref {
	w.t.Helper()
	ref, err := w.Post(w.t.Context(), inOps, words, message(words))
	if err != nil {
		w.t.Fatal(err)
	}
	return ref
}

func viewID(t *testing.T, view json.RawMessage) string {
	t.Helper()
	var v struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(view, &v); err != nil {
		t.Fatal(err)
	}
	return v.ID
}

func message(words string) rapbot.Message {
	return rapbot.Message{Summary: words, Blocks: []rapbot.Block{rapbot.Paragraph{Text: rapbot.Say(words)}}}
}

func (w *world) click(person string, at rapbot.Ref, button string) error {
	return w.As(person).Click(workspace.Where{Channel: at.Channel, TS: at.ID}, button, false)
}

// noSecrets fails when a token or a private address is in a log line (R10).
func (w *world) noSecrets(errs ...error) {
	w.t.Helper()
	var said []string
	for _, entry := range w.log.All() {
		said = append(said, entry.Message)
		for _, f := range entry.Context {
			said = append(said, f.String)
			if err, is := f.Interface.(error); is {
				errs = append(errs, err)
			}
			if b, is := f.Interface.([]byte); is {
				said = append(said, string(b))
			}
		}
	}
	for ; len(errs) > 0; errs = errs[1:] {
		if errs[0] == nil {
			continue
		}
		said = append(said, errs[0].Error())
		if cause := errors.Unwrap(errs[0]); cause != nil {
			errs = append(errs, cause)
		}
	}
	for _, s := range said {
		for _, secret := range []string{w.BotToken(), w.AppToken(), "labWorkspace", "/commands/T", "/actions/T", "ticket=", "/upload/v1/"} {
			if strings.Contains(s, secret) {
				w.t.Errorf("%q is in %q", secret, s)
			}
		}
	}
}
