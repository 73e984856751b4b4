package workspace_test

import (
	"bufio"
	"context"
	"io/fs"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/slack-go/slack/slackevents"
	"github.com/slack-go/slack/socketmode"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// onEvent hands every Events API event over; it acknowledges when the handler says so.
func onEvent(take func(socketmode.Request, slackevents.EventsAPIEvent) bool) func(*socketmode.Client, socketmode.Event) {
	return func(client *socketmode.Client, event socketmode.Event) {
		if inner, is := event.Data.(slackevents.EventsAPIEvent); is && take(*event.Request, inner) {
			_ = client.Ack(*event.Request)
		}
	}
}

func TestMentionsDirectMessagesAndHome(t *testing.T) {
	w := start(t, workspace.Options{})
	got := make(chan any, 5)
	w.connect(onEvent(func(_ socketmode.Request, e slackevents.EventsAPIEvent) bool { got <- e.InnerEvent.Data; return true }))
	w.does("/person/alice/say", object{"channel": "rap-ops", "text": "nobody in particular"})
	w.does("/person/alice/say", object{"channel": "general", "text": "@rap cannot hear this"})
	parent := w.does("/person/alice/say", object{"channel": "rap-ops", "text": "@rap what now?"})["ts"].(string)
	if e, is := take(t, got).(*slackevents.AppMentionEvent); !is || e.Text != "<@U07RAPBOT00> what now?" || e.TimeStamp != parent {
		t.Errorf("mention %+v", e)
	}
	w.does("/person/bob/say", object{"channel": "rap-ops", "text": "@rap abort", "thread_ts": parent})
	if e, is := take(t, got).(*slackevents.AppMentionEvent); !is || e.ThreadTimeStamp != parent || e.User != "U07BOB00002" {
		t.Errorf("mention in a thread %+v", e)
	}
	w.does("/person/alice/say", object{"channel": "@rap", "text": "help"})
	if e, is := take(t, got).(*slackevents.MessageEvent); !is || e.ChannelType != "im" || e.Text != "help" {
		t.Errorf("direct message %+v", e)
	}
	w.does("/person/alice/home", nil)
	if e, is := take(t, got).(*slackevents.AppHomeOpenedEvent); !is || e.Tab != "home" || e.User != "U07ALICE001" {
		t.Errorf("home %+v", e)
	}
}

func TestEventsAreRetriedUntilAcknowledged(t *testing.T) {
	w := start(t, workspace.Options{AckTimeout: 300 * time.Millisecond, RetryDelays: []time.Duration{0, 10 * time.Millisecond, 10 * time.Millisecond}})
	type try struct {
		attempt    int
		reason, id string
		envelope   string
	}
	got := make(chan try, 10)
	w.connect(onEvent(func(r socketmode.Request, e slackevents.EventsAPIEvent) bool {
		got <- try{r.RetryAttempt, r.RetryReason, e.Data.(*slackevents.EventsAPICallbackEvent).EventID, r.EnvelopeID}
		return r.RetryAttempt == 2
	}))
	w.does("/person/alice/home", nil)
	first := take(t, got)
	if first.attempt != 0 || first.reason != "" {
		t.Errorf("first %+v", first)
	}
	for n := 1; n <= 2; n++ {
		if next := take(t, got); next.attempt != n || next.reason != "timeout" || next.id != first.id || next.envelope == first.envelope {
			t.Errorf("retry %d %+v after %+v", n, next, first)
		}
	}
	time.Sleep(400 * time.Millisecond)
	if len(got) != 0 {
		t.Errorf("retried after the acknowledgement: %+v", take(t, got))
	}
}

func TestEventsWaitForAConnection(t *testing.T) {
	w := start(t, workspace.Options{RetryDelays: []time.Duration{0, 200 * time.Millisecond}})
	w.does("/person/alice/home", nil)
	got := make(chan string, 5)
	w.connect(onEvent(func(r socketmode.Request, _ slackevents.EventsAPIEvent) bool { got <- r.RetryReason; return true }))
	if reason := take(t, got); reason != "connection_failed" {
		t.Errorf("reason %q", reason)
	}
}

func TestWhatAPersonTypes(t *testing.T) {
	w := start(t, workspace.Options{})
	for typed, want := range map[string]string{
		"@bob, look at #rap-alerts":         "<@U07BOB00002>, look at <#C07RAPALRT2>",
		"@rap-approvers please":             "<!subteam^S0ONCALL> please",
		"lag < 5 & rising":                  "lag &lt; 5 &amp; rising",
		"see https://example.com/a?b=1 now": "see <https://example.com/a?b=1> now",
		"@here and @nobody, mail a@bob":     "<!here> and @nobody, mail a@bob",
	} {
		w.does("/person/alice/say", object{"channel": "rap-ops", "text": typed})
		list := w.messages("bob", "rap-ops")
		if got := list[len(list)-1].Text; got != want {
			t.Errorf("typed %q, stored %q, want %q", typed, got, want)
		}
	}
}

func TestPersonAPIRefusals(t *testing.T) {
	w := start(t, workspace.Options{})
	w.SetPerson("mallory", func(p *workspace.Person) { p.Deleted = true })
	for path, body := range map[string]object{
		"/person/zoe/say":      {"channel": "rap-ops", "text": "x"},
		"/person/alice/say":    {"channel": "nowhere", "text": "x"},
		"/person/alice/dance":  {},
		"/person/mallory/say":  {"channel": "rap-ops", "text": "x"},
		"/person/alice/click":  {"channel": "rap-ops", "ts": "1.2", "button": "x"},
		"/person/alice/submit": {"view_id": "V1"},
	} {
		if status, out := w.do("POST", path, body); status < 400 || out["ok"] != false || out["error"] == "" {
			t.Errorf("%s: %d %v", path, status, out)
		}
	}
}

func TestPageEventsReachWhomTheyConcern(t *testing.T) {
	w := start(t, workspace.Options{})
	heard := map[string]chan string{}
	for _, person := range []string{"alice", "bob"} {
		heard[person] = w.listen(person)
	}
	if _, err := w.api.PostEphemeral(ops, "U07ALICE001", slackText("psst")); err != nil {
		t.Fatal(err)
	}
	if got := take(t, heard["alice"]); got != `{"type":"message","channel":"C07RAPOPS01"}` {
		t.Errorf("alice heard %s", got)
	}
	w.does("/person/bob/say", object{"channel": "rap-alerts", "text": "x"})
	if got := take(t, heard["bob"]); !strings.Contains(got, "C07RAPALRT2") {
		t.Errorf("bob heard %s, which was alice's", got)
	}
}

// listen collects one page's server-sent events.
func (w *world) listen(person string) chan string {
	w.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	w.t.Cleanup(cancel)
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, w.server.URL+"/events?person="+person, nil)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	lines := bufio.NewScanner(response.Body)
	lines.Scan() // the opening comment: the page is listening
	heard := make(chan string, 20)
	go func() {
		defer func() { _ = response.Body.Close() }()
		for lines.Scan() {
			if data, is := strings.CutPrefix(lines.Text(), "data: "); is {
				heard <- data
			}
		}
	}()
	return heard
}

func TestWorkspaceIsDescribed(t *testing.T) {
	w := start(t, workspace.Options{})
	w.connect(nil)
	_, out := w.do("GET", "/workspace", nil)
	if len(out["people"].([]any)) != 5 || len(out["channels"].([]any)) != 3 || out["connections"] != 1.0 {
		t.Errorf("%v", out)
	}
	if app := out["app"].(object); app["name"] != "rap" || app["user_id"] != "U07RAPBOT00" || app["bot_id"] != "B07RAPBOT02" {
		t.Errorf("app %v", app)
	}
	if command := out["commands"].([]any)[0].(object); command["command"] != "/rap" || command["usage_hint"] == "" {
		t.Errorf("command %v", command)
	}
}

func TestThePageIsServedFromItsFiles(t *testing.T) {
	page := fstest.MapFS{"index.html": {Data: []byte("<h1>rap</h1>")}, "static/app.js": {Data: []byte("1")}}
	flat := fstest.MapFS{"index.html": {Data: []byte("<h1>rap</h1>")}, "app.js": {Data: []byte("1")}}
	for name, files := range map[string]fs.FS{"a folder static": page, "all in one folder": flat} {
		w := start(t, workspace.Options{PageFS: files})
		for path, want := range map[string]int{"/": 200, "/static/app.js": 200, "/static/none.js": 404} {
			response, err := http.Get(w.server.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("%s, %s: %d, want %d", name, path, response.StatusCode, want)
			}
		}
	}
}

func TestStartServesBesideTheCallersHandlers(t *testing.T) {
	w := workspace.New(workspace.Options{})
	w.Mux().HandleFunc("GET /lab/world", func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(http.StatusTeapot) })
	base, err := w.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/lab/world": http.StatusTeapot, "/workspace": 200} {
		response, err := http.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if _, err := http.Get(base + "/workspace"); err == nil {
		t.Error("served after Close")
	}
}
