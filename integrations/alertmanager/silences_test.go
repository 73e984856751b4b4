package alertmanager

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

func aSilence() alert.Silence {
	alice := rapbot.Person{ID: "UALICE", Name: "alice"}
	return alert.Silence{
		Matchers: []alert.Matcher{{Name: "alertname", Value: "Lag"}, {Name: "region", Value: "us-.*", Regex: true, Not: true}},
		StartsAt: noon, EndsAt: noon.Add(time.Hour), CreatedBy: alert.Creator(alice), Comment: "disk", By: alice,
	}
}

func silencesAt(t *testing.T, o SilencesOptions) *Silences {
	t.Helper()
	s, err := NewSilences(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answering is a member of the cluster that says the same to everything.
func answering(t *testing.T, status int, body string) (address string, asked *atomic.Int32) {
	asked = &atomic.Int32{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

// nobody is an address at which nobody listens.
func nobody(t *testing.T) string {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	return server.URL
}

// hanging is a member that takes requests and answers none.
func hanging(t *testing.T) string {
	end := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-end:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(end); server.Close() })
	return server.URL
}

// TestSilenceTroubles: every answer that is not the wanted one has a code, and
// what it says of what has changed is true.
func TestSilenceTroubles(t *testing.T) {
	const unchanged, maybeMade = "Nothing was changed.", "The silence may have been made."
	for _, tt := range []struct {
		name    string
		status  int
		body    string
		code    rapbot.Code
		words   string
		changed string
	}{
		{"not let in", 401, "", rapbot.Forbidden, "does not let rapbot in (401)", unchanged},
		{"forbidden", 403, "go away", rapbot.Forbidden, "(403)", unchanged},
		{"another server", 404, "404 page not found", rapbot.Unavailable, "does not know Alertmanager's API", unchanged},
		{"not taken", 400, `"bad matcher\nformat."`, rapbot.Invalid, "does not take this silence: bad matcher format.", unchanged},
		{"not of the schema", 422, `{"code":601,"message":"comment in body is required"}`, rapbot.Invalid, "this silence: comment in body is required.", unchanged},
		{"broken", 500, "<html>" + strings.Repeat("x", 9000), rapbot.Unavailable, "answers 500: <html>xxx", unchanged},
		{"a gateway gave up", 504, "", rapbot.Unavailable, "did not answer in time", maybeMade},
		{"a redirect", 302, "", rapbot.Unavailable, "answers 302", unchanged},
		{"garbage", 200, "<html>", rapbot.Unavailable, "cannot be understood", maybeMade},
		{"no ID", 200, `{"silenceID":""}`, rapbot.Unavailable, "cannot be understood", maybeMade},
		{"an ID that is none", 200, `{"silenceID":"../../x"}`, rapbot.Unavailable, "cannot be understood", maybeMade},
		{"no object", 200, `[]`, rapbot.Unavailable, "cannot be understood", maybeMade},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address, _ := answering(t, tt.status, tt.body)
			_, err := silencesAt(t, SilencesOptions{URLs: []string{address}}).Create(t.Context(), aSilence())
			if code := rapbot.ErrorCode(err); code != tt.code {
				t.Fatalf("code %q, want %q: %v", code, tt.code, err)
			}
			said := err.Error()
			if !strings.Contains(said, tt.words) || !strings.Contains(said, tt.changed) || len(said) > 500 || strings.Contains(said, address) {
				t.Errorf("it says %q, want %q and %q in it", said, tt.words, tt.changed)
			}
		})
	}
}

// TestSilenceMembers: the first member that answers is asked, and a silence
// that may have been made is never asked for twice.
func TestSilenceMembers(t *testing.T) {
	made, asked := answering(t, 200, `{"silenceID":"s1"}`)
	for name, first := range map[string]string{"dead": nobody(t), "broken": first(answering(t, 503, "starting"))} {
		id, err := silencesAt(t, SilencesOptions{URLs: []string{first, made}}).Create(t.Context(), aSilence())
		if err != nil || id != "s1" {
			t.Errorf("behind a %s member: %q, %v", name, id, err)
		}
	}
	before := asked.Load()
	_, err := silencesAt(t, SilencesOptions{URLs: []string{hanging(t), made}, Timeout: 50 * time.Millisecond}).Create(t.Context(), aSilence())
	if rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(err.Error(), "may have been made") {
		t.Errorf("behind one that hangs: %v", err)
	}
	if asked.Load() != before {
		t.Error("the silence was asked of a second member, though the first may have made it")
	}

	list, _ := answering(t, 200, `[]`)
	if _, err := silencesAt(t, SilencesOptions{URLs: []string{hanging(t), list}, Timeout: 50 * time.Millisecond}).List(t.Context()); err != nil {
		t.Errorf("a list is not asked of the second member: %v", err)
	}
	garbage, _ := answering(t, 200, "<html>")
	if _, err := silencesAt(t, SilencesOptions{URLs: []string{garbage}}).List(t.Context()); rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(err.Error(), "cannot make sense") {
		t.Errorf("a list that is garbage: %v", err)
	}
	if _, err := silencesAt(t, SilencesOptions{URLs: []string{nobody(t), nobody(t)}}).List(t.Context()); rapbot.ErrorCode(err) != rapbot.Unavailable {
		t.Errorf("with nobody there: %v", err)
	}
}

func first(address string, _ *atomic.Int32) string { return address }

// TestSilenceUnknown: what is no ID never becomes part of an address.
func TestSilenceUnknown(t *testing.T) {
	address, asked := answering(t, 404, "")
	s := silencesAt(t, SilencesOptions{URLs: []string{address}})
	for _, id := range []string{"", "..", "a/b", "x?y", strings.Repeat("a", 65)} {
		if err := s.Expire(t.Context(), id); rapbot.ErrorCode(err) != rapbot.NotFound {
			t.Errorf("%q: %v", id, err)
		}
	}
	if asked.Load() != 0 {
		t.Error("somebody was asked")
	}
	if err := s.Expire(t.Context(), "0000-1111"); rapbot.ErrorCode(err) != rapbot.NotFound || asked.Load() != 1 {
		t.Errorf("one that is not there: %v", err)
	}
}

// TestSilenceWire: what goes over the wire is what Alertmanager reads, with the
// credentials, which no error shows (R10).
func TestSilenceWire(t *testing.T) {
	for name, o := range map[string]SilencesOptions{
		"Bearer s3cret-token":            {Token: "s3cret-token"},
		"Basic cmFwYm90OnMzY3JldC1wYXNz": {Username: "rapbot", Password: "s3cret-pass"},
		"":                               {},
	} {
		var got wireSilence
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if auth := r.Header.Get("Authorization"); auth != name {
				t.Errorf("Authorization is %q, want %q", auth, name)
			}
			if r.Method != http.MethodPost || r.URL.Path != "/prefix/api/v2/silences" {
				t.Errorf("%s %s", r.Method, r.URL.Path)
			}
			if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusInternalServerError)
		}))
		o.URLs = []string{server.URL + "/prefix/"}
		_, err := silencesAt(t, o).Create(t.Context(), aSilence())
		server.Close()
		if err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%v", err)
		}
		if back, want := got.silence(), aSilence(); back.CreatedBy != "UALICE alice" || back.Conditions() != want.Conditions() || !back.EndsAt.Equal(want.EndsAt) {
			t.Errorf("it went out as %+v", got)
		}
	}
}

func TestSilenceAddresses(t *testing.T) {
	for _, urls := range [][]string{nil, {""}, {"alertmanager:9093"}, {"http://u:s3cret@a.example"}, {"http://ok.example", "::"}} {
		if _, err := NewSilences(SilencesOptions{URLs: urls}); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", urls, err)
		}
	}
}
