package alertmanager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/rap-analyzer/rapbot/alert"
)

const (
	goodToken  = "correct-horse-battery-staple"
	otherToken = "the-token-that-comes-after-it"
)

// inboxFunc is an inbox of one function.
type inboxFunc func(ctx context.Context, d alert.Delivery) (bool, error)

func (f inboxFunc) Accept(ctx context.Context, d alert.Delivery) (bool, error) { return f(ctx, d) }

// desk is a webhook with everything around it in sight.
type desk struct {
	handler  http.Handler
	registry *prometheus.Registry
	logs     *observer.ObservedLogs
	woken    int
}

func newDesk(t *testing.T, inbox inboxFunc) *desk {
	t.Helper()
	core, logs := observer.New(zap.DebugLevel)
	d := &desk{registry: prometheus.NewRegistry(), logs: logs}
	var err error
	d.handler, err = NewHandler(Options{
		Tokens: []string{goodToken, otherToken}, MaxBody: 4096, Inbox: inbox, Wake: func() { d.woken++ },
		Clock: func() time.Time { return noon }, Log: zap.New(core), Registerer: d.registry,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func keep(context.Context, alert.Delivery) (bool, error) { return true, nil }

func call(body string, change ...func(*http.Request)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, Path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+goodToken)
	for _, c := range change {
		c(r)
	}
	return r
}

func with(header, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(header, value) }
}

func (d *desk) answer(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	return w
}

// counted is the count of one outcome.
func (d *desk) counted(t *testing.T, outcome string) float64 {
	t.Helper()
	families, err := d.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "rapbot_alertmanager_deliveries_total" && m.GetLabel()[0].GetValue() == outcome {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Fatalf("no count of %s", outcome)
	return 0
}

// TestAnswers goes through every way a call can end. Its log and its answers
// never hold a token, right or wrong (R10).
func TestAnswers(t *testing.T) {
	fail := func(context.Context, alert.Delivery) (bool, error) { return false, errors.New("disk full") }
	known := func(context.Context, alert.Delivery) (bool, error) { return false, nil }
	broken := func(r *http.Request) { r.Body = io.NopCloser(iotest.ErrReader(errors.New("reset"))) }
	wrong := with("Authorization", "Bearer wrong-"+goodToken)
	for _, c := range []struct {
		name    string
		inbox   inboxFunc
		call    *http.Request
		status  int
		outcome string
		body    string
	}{
		{"fresh", keep, call(recorded), 200, "accepted", `{"ok":true,"fresh":true}`},
		{"second token", keep, call(recorded, with("Authorization", "bearer  "+otherToken)), 200, "accepted", ""},
		{"known", known, call(recorded), 200, "repeated", `{"ok":true,"fresh":false}`},
		{"not stored", fail, call(recorded), 503, "not_stored", "could not be stored"},
		{"wrong token", keep, call(recorded, wrong), 401, "unauthorized", "Unauthorized."},
		{"no token", keep, call(recorded, with("Authorization", "")), 401, "unauthorized", "Unauthorized."},
		{"token alone", keep, call(recorded, with("Authorization", goodToken)), 401, "unauthorized", "Unauthorized."},
		{"basic", keep, call(recorded, with("Authorization", "Basic "+goodToken)), 401, "unauthorized", "Unauthorized."},
		{"GET", keep, call("", func(r *http.Request) { r.Method = http.MethodGet }), 405, "bad_method", "Only POST"},
		{"web page", keep, call(recorded, with("Sec-Fetch-Site", "cross-site")), 403, "cross_origin", "Web pages"},
		{"too large", keep, call(recorded + strings.Repeat(" ", 4096)), 413, "too_large", "larger than 4.0 KiB"},
		{"not JSON", keep, call("{"), 400, "undecodable", "The body is not JSON."},
		{"own payload", keep, call(`{"text":"x"}`), 400, "undecodable", "Remove the payload option"},
		{"broken off", keep, call("", broken), 503, "unread", "broke off"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := newDesk(t, c.inbox)
			w := d.answer(c.call)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.body) {
				t.Fatalf("have %d %q, want %d %q", w.Code, w.Body, c.status, c.body)
			}
			if n := d.counted(t, c.outcome); n != 1 {
				t.Errorf("%s is counted %v times", c.outcome, n)
			}
			if woken := w.Code == 200; woken != (d.woken == 1) {
				t.Errorf("woken %d times after a %d", d.woken, w.Code)
			}
			if d.logs.Len() == 0 {
				t.Error("nothing in the log")
			}
			said := fmt.Sprint(w.Body, w.Header(), d.logs.All())
			for _, e := range d.logs.All() {
				said += fmt.Sprint(e.Message, e.ContextMap())
			}
			if strings.Contains(said, goodToken) || strings.Contains(said, otherToken) {
				t.Errorf("a token in %s", said)
			}
		})
	}
}

func TestOtherPaths(t *testing.T) {
	d := newDesk(t, keep)
	for _, path := range []string{"/", "/alertmanager/", "/alertmanager/x", "/metrics"} {
		if w := d.answer(call(recorded, func(r *http.Request) { r.URL.Path = path })); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// TestDurableBeforeAnswered: while the inbox stores, nothing is answered, and
// the bot is woken only afterwards.
func TestDurableBeforeAnswered(t *testing.T) {
	w := httptest.NewRecorder()
	var d *desk
	stored := false
	d = newDesk(t, func(ctx context.Context, got alert.Delivery) (bool, error) {
		if w.Flushed || w.Body.Len() > 0 || d.woken > 0 {
			t.Error("answered or woken before it was stored")
		}
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("storing has no deadline")
		}
		stored = got.Receiver == "rap.bot" && got.ReceivedAt.Equal(noon)
		return true, nil
	})
	d.handler.ServeHTTP(w, call(recorded))
	if !stored || w.Code != 200 || d.woken != 1 {
		t.Errorf("stored %t, answered %d, woken %d times", stored, w.Code, d.woken)
	}
}

// TestCallerHangsUp: what has arrived is stored all the same.
func TestCallerHangsUp(t *testing.T) {
	d := newDesk(t, func(ctx context.Context, _ alert.Delivery) (bool, error) { return true, ctx.Err() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if w := d.answer(call(recorded).WithContext(ctx)); w.Code != 200 {
		t.Errorf("answered %d", w.Code)
	}
}

// TestOverload: one call more than there are places waits, one more than may
// wait gets a 503, which Alertmanager repeats, and strangers take no place.
func TestOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done sync.WaitGroup
		release := make(chan struct{})
		d := newDesk(t, func(context.Context, alert.Delivery) (bool, error) {
			<-release
			return false, errors.New("disk full")
		})
		for range maxInFlight + maxWaiting + 1 { // each gives its place back
			if w := d.answer(call("{")); w.Code != http.StatusBadRequest {
				t.Fatalf("answered %d", w.Code)
			}
		}
		for range maxInFlight + maxWaiting {
			done.Go(func() { d.answer(call(recorded)) })
		}
		synctest.Wait()
		if w := d.answer(call(recorded)); w.Code != http.StatusServiceUnavailable || d.counted(t, "overloaded") != 1 {
			t.Errorf("one too many is answered %d", w.Code)
		}
		if w := d.answer(call(recorded, with("Authorization", ""))); w.Code != http.StatusUnauthorized {
			t.Errorf("a stranger is answered %d", w.Code)
		}
		close(release)
		done.Wait()
		if n := d.counted(t, "not_stored"); n != maxInFlight+maxWaiting {
			t.Errorf("%v ended, want %d", n, maxInFlight+maxWaiting)
		}
	})
}

// TestImpatience: nobody waits for a place for ever, nor when the caller has
// hung up.
func TestImpatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var done sync.WaitGroup
		release := make(chan struct{})
		d := newDesk(t, func(context.Context, alert.Delivery) (bool, error) {
			<-release
			return false, errors.New("disk full")
		})
		for range maxInFlight {
			done.Go(func() { d.answer(call(recorded)) })
		}
		synctest.Wait()
		began := time.Now()
		if w := d.answer(call(recorded)); w.Code != http.StatusServiceUnavailable || time.Since(began) != maxWait {
			t.Errorf("answered %d after %s", w.Code, time.Since(began))
		}
		ctx, hangUp := context.WithTimeout(t.Context(), maxWait/2)
		defer hangUp()
		began = time.Now()
		if w := d.answer(call(recorded).WithContext(ctx)); w.Code != http.StatusServiceUnavailable || time.Since(began) != maxWait/2 {
			t.Errorf("answered %d after %s", w.Code, time.Since(began))
		}
		close(release)
		done.Wait()
	})
}

func TestHandlerIsNotBuilt(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		want string
	}{
		"no token":    {Options{Inbox: inboxFunc(keep)}, "neither a bearer token"},
		"empty token": {Options{Inbox: inboxFunc(keep), Tokens: []string{goodToken, ""}}, "empty"},
		"spaces":      {Options{Inbox: inboxFunc(keep), Tokens: []string{goodToken + "\n"}, Insecure: true}, "spaces"},
		"no inbox":    {Options{Tokens: []string{goodToken}}, "no inbox"},
	} {
		if _, err := NewHandler(c.o); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), goodToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	registry := prometheus.NewRegistry()
	o := Options{Inbox: inboxFunc(keep), Insecure: true, Registerer: registry}
	h, err := NewHandler(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewHandler(o); err == nil {
		t.Error("metrics registered twice")
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, call(recorded, with("Authorization", "")))
	if w.Code != 200 {
		t.Errorf("insecure answers %d", w.Code)
	}
}

// TestServer: over a real connection, and with every bound set.
func TestServer(t *testing.T) {
	s := Server("127.0.0.1:0", newDesk(t, keep).handler, nil)
	if s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 || s.WriteTimeout <= s.ReadTimeout+storeTimeout {
		t.Errorf("an unbounded server: %+v", s)
	}
	live := httptest.NewUnstartedServer(nil)
	live.Config = s
	live.Start()
	defer live.Close()
	r := call(recorded)
	r.RequestURI = ""
	r.URL.Scheme, r.URL.Host = "http", strings.TrimPrefix(live.URL, "http://")
	answer, err := live.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "application/json" {
		t.Errorf("answered %d %s", answer.StatusCode, answer.Header)
	}
}
