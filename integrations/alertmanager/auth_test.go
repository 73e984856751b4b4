package alertmanager

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

// TestBasicAuth: two users, one of them with two passwords, beside a token.
func TestBasicAuth(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	h, err := NewHandler(Options{
		Tokens: []string{goodToken}, Inbox: inboxFunc(keep), Log: zap.New(core),
		Users: []BasicAuth{{"alertmanager", "first-password-1234"}, {"alertmanager", "second-password-1234"}, {"other", "third:password-1234"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	as := func(name, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(name+":"+password))
	}
	for _, c := range []struct {
		header string
		status int
	}{
		{as("alertmanager", "first-password-1234"), 200},
		{as("alertmanager", "second-password-1234"), 200},
		{as("other", "third:password-1234"), 200},
		{"Bearer " + goodToken, 200},
		{as("alertmanager", "third:password-1234"), 401}, // of another user
		{as("other", "first-password-1234"), 401},
		{as("Alertmanager", "first-password-1234"), 401},
		{as("alertmanager", "first-password-1234 "), 401},
		{as("alertmanager", ""), 401},
		{as("", ""), 401},
		{as("", goodToken), 401},
		{"Bearer first-password-1234", 401},
		{"Basic " + goodToken, 401},
		{"Basic !", 401},
		{"", 401},
	} {
		d := &desk{handler: h}
		w := d.answer(call(recorded, with("Authorization", c.header)))
		if w.Code != c.status {
			t.Errorf("%q is answered %d, want %d", c.header, w.Code, c.status)
		}
		if challenges := w.Header().Values("WWW-Authenticate"); c.status == 401 && len(challenges) != 2 {
			t.Errorf("challenged with %q", challenges)
		}
	}
	if said := fmt.Sprint(logs.All()); strings.Contains(said, "password-1234") {
		t.Error("a password is in the log")
	}
}

// TestBasicAuthAlone: it is protection enough, and a token is none then.
func TestBasicAuthAlone(t *testing.T) {
	h, err := NewHandler(Options{Inbox: inboxFunc(keep), Users: []BasicAuth{{"alertmanager", "first-password-1234"}}})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{handler: h}
	if w := d.answer(call(recorded, with("Authorization", "Bearer "))); w.Code != http.StatusUnauthorized || w.Header().Get("WWW-Authenticate") != `Basic realm="rapbot", charset="UTF-8"` {
		t.Errorf("answered %d %s", w.Code, w.Header())
	}
	if w := d.answer(call(recorded, func(r *http.Request) { r.SetBasicAuth("alertmanager", "first-password-1234") })); w.Code != http.StatusOK {
		t.Errorf("answered %d", w.Code)
	}
	for _, u := range []BasicAuth{{}, {"a", ""}, {"", "first-password-1234"}, {"a:b", "first-password-1234"}} {
		if _, err := NewHandler(Options{Inbox: inboxFunc(keep), Users: []BasicAuth{u}}); err == nil || strings.Contains(err.Error(), "1234") {
			t.Errorf("%q: %v", u.Username, err)
		}
	}
}
