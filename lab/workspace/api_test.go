package workspace_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// call makes one Web API call by hand: JSON and a Bearer token.
func (w *world) call(method string, args object) (int, object) {
	w.t.Helper()
	raw, _ := json.Marshal(args)
	return w.send(method, "application/json; charset=utf-8", bytes.NewReader(raw), w.BotToken())
}

func (w *world) send(method, kind string, body io.Reader, bearer string) (int, object) {
	w.t.Helper()
	request, _ := http.NewRequest(http.MethodPost, w.server.URL+"/api/"+method, body)
	request.Header.Set("Content-Type", kind)
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	out := object{}
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
		w.t.Fatalf("%s: %v", method, err)
	}
	return response.StatusCode, out
}

func TestEveryEncodingIsUnderstood(t *testing.T) {
	w := start(t, workspace.Options{})
	form := url.Values{"token": {w.BotToken()}, "channel": {ops}, "text": {"by form"}, "blocks": {`[{"type":"divider"}]`}}
	if _, out := w.send("chat.postMessage", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), ""); out["ok"] != true {
		t.Errorf("form: %v", out)
	}
	if _, out := w.call("chat.postMessage", object{"channel": ops, "text": "by json", "blocks": `[{"type":"divider"}]`}); out["ok"] != true {
		t.Errorf("json: %v", out)
	}
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for key, value := range map[string]string{"token": w.BotToken(), "channel": ops, "text": "by parts"} {
		_ = parts.WriteField(key, value)
	}
	_ = parts.Close()
	if _, out := w.send("chat.postMessage", parts.FormDataContentType(), &body, ""); out["ok"] != true {
		t.Errorf("multipart: %v", out)
	}
	for _, words := range []string{"by form", "by json", "by parts"} {
		w.sees("alice", "rap-ops", words)
	}
}

func TestTokensMethodsAndScopes(t *testing.T) {
	w := start(t, workspace.Options{Scopes: []string{"chat:write"}})
	none := func(method, bearer, body string) string {
		_, out := w.send(method, "application/x-www-form-urlencoded", strings.NewReader(body), bearer)
		code, _ := out["error"].(string)
		return code
	}
	for _, c := range []struct{ method, bearer, body, want string }{
		{"auth.test", "", "", "not_authed"},
		{"auth.test", "xoxb-wrong", "", "invalid_auth"},
		{"auth.test", w.AppToken(), "", "not_allowed_token_type"},
		{"auth.test", "", "token=" + w.BotToken(), ""},
		{"apps.connections.open", w.BotToken(), "", "not_allowed_token_type"},
		{"apps.connections.open", "", "token=" + w.AppToken(), "not_authed"},
		{"apps.connections.open", w.AppToken(), "", ""},
		{"chat.postMassage", w.BotToken(), "", "unknown_method"},
		{"users.info", w.BotToken(), "user=U07ALICE001", "missing_scope"},
		{"conversations.history", w.BotToken(), "channel=" + ops, "missing_scope"},
	} {
		if got := none(c.method, c.bearer, c.body); got != c.want {
			t.Errorf("%s with %.8q: %q, want %q", c.method, c.bearer, got, c.want)
		}
	}
	var refused slack.SlackErrorResponse
	if _, err := w.api.GetUserInfo("U07ALICE001"); !errors.As(err, &refused) || refused.Needed != "users:read" || refused.Provided != "chat:write" {
		t.Errorf("%+v", refused)
	}
}

func TestAChannelTakesFiveAtOnceThenOneASecond(t *testing.T) {
	now := time.Unix(1700000000, 0)
	w := start(t, workspace.Options{Clock: func() time.Time { return now }})
	post := func(channel string) error {
		_, _, err := w.api.PostMessage(channel, slack.MsgOptionText("x", false))
		return err
	}
	for i := range 5 {
		if err := post(ops); err != nil {
			t.Fatalf("message %d: %v", i+1, err)
		}
	}
	var limited *slack.RateLimitedError
	if err := post(ops); !errors.As(err, &limited) || limited.RetryAfter != time.Second {
		t.Errorf("sixth: %v", err)
	}
	if err := post("C07RAPALRT2"); err != nil {
		t.Errorf("another channel: %v", err)
	}
	w.does("/faults", object{"fast_clock": 1})
	if err := post(ops); err != nil {
		t.Errorf("a second later: %v", err)
	}
}

func TestTiersAreCountedPerMethod(t *testing.T) {
	now := time.Unix(1700000000, 0)
	w := start(t, workspace.Options{Clock: func() time.Time { return now }})
	for i := range 20 {
		if _, err := w.api.GetUserGroupMembers("S0ONCALL"); err != nil {
			t.Fatalf("call %d: %v", i+1, err)
		}
	}
	var limited *slack.RateLimitedError
	if _, err := w.api.GetUserGroupMembers("S0ONCALL"); !errors.As(err, &limited) {
		t.Errorf("call 21: %v", err)
	}
	if _, err := w.api.GetUsers(); err != nil {
		t.Errorf("another method of the tier: %v", err)
	}
}

func TestRateLimitFault(t *testing.T) {
	w := start(t, workspace.Options{})
	var limited *slack.RateLimitedError
	var status slack.StatusCodeError
	w.does("/faults", object{"rate_limit": object{"method": "auth.test", "times": 1, "retry_after": 7}})
	if _, err := w.api.AuthTest(); !errors.As(err, &limited) || limited.RetryAfter != 7*time.Second {
		t.Errorf("with Retry-After: %v", err)
	}
	w.does("/faults", object{"rate_limit": object{"method": "*", "times": 1}})
	if _, err := w.api.AuthTest(); !errors.As(err, &status) || status.Code != http.StatusTooManyRequests {
		t.Errorf("without: %v", err)
	}
	if _, err := w.api.AuthTest(); err != nil {
		t.Errorf("spent: %v", err)
	}
}

func TestServerErrorDoesNothingAndEOFComesAfterTheDeed(t *testing.T) {
	w := start(t, workspace.Options{})
	w.does("/faults", object{"server_error": object{"method": "chat.postMessage", "times": 1}})
	var status slack.StatusCodeError
	if _, _, err := w.api.PostMessage(ops, slack.MsgOptionText("first", false)); !errors.As(err, &status) || status.Code != 503 {
		t.Errorf("server error: %v", err)
	}
	w.seesNot("alice", "rap-ops", "first")
	w.does("/faults", object{"eof_after_commit": object{"method": "chat.postMessage", "times": 1}})
	if _, _, err := w.api.PostMessage(ops, slack.MsgOptionText("second", false)); err == nil {
		t.Error("an answer came")
	}
	w.sees("alice", "rap-ops", "second")
	if _, _, err := w.api.PostMessage(ops, slack.MsgOptionText("third", false)); err != nil {
		t.Errorf("spent: %v", err)
	}
}

func TestSlowAnswers(t *testing.T) {
	w := start(t, workspace.Options{})
	w.does("/faults", object{"slow": object{"method": "auth.test", "times": 1, "ms": 150}})
	at := time.Now()
	if _, err := w.api.AuthTest(); err != nil || time.Since(at) < 150*time.Millisecond {
		t.Errorf("after %s: %v", time.Since(at), err)
	}
}

func TestUnknownFaultsAreRefused(t *testing.T) {
	w := start(t, workspace.Options{})
	for _, body := range []object{{"earthquake": true}, {"disconnect": "bored"}, {"late_ack": "soon"}} {
		if status, out := w.do("POST", "/faults", body); status < 400 || out["ok"] != false {
			t.Errorf("%v: %d %v", body, status, out)
		}
	}
}

func TestCallsAreListedWithoutTokens(t *testing.T) {
	w := start(t, workspace.Options{})
	w.card("rap-ops")
	_, _ = w.api.AuthTest()
	_, out := w.do("GET", "/calls?method=chat.postMessage", nil)
	calls := out["calls"].([]any)
	raw, _ := json.Marshal(out)
	if len(calls) != 1 || calls[0].(object)["params"].(object)["text"] != "Switch over?" || bytes.Contains(raw, []byte("xoxb")) {
		t.Errorf("%s", raw)
	}
}

func TestPeopleAndGroups(t *testing.T) {
	w := start(t, workspace.Options{})
	gina, err := w.api.GetUserInfo("U07GINA0005")
	if err != nil || !gina.IsRestricted || gina.Name != "gina" {
		t.Errorf("%+v, %v", gina, err)
	}
	if _, err := w.api.GetUserInfo("U07NOBODY00"); err == nil || err.Error() != "user_not_found" {
		t.Errorf("nobody: %v", err)
	}
	all, err := w.api.GetUsers()
	if err != nil || len(all) != 7 {
		t.Errorf("%d users, %v", len(all), err)
	}
	members, err := w.api.GetUserGroupMembers("S0ONCALL")
	if err != nil || strings.Join(members, " ") != "U07BOB00002 U07CAROL003" {
		t.Errorf("%v, %v", members, err)
	}
	w.SetGroup("rap-approvers", "alice")
	if members, _ = w.api.GetUserGroupMembers("S0ONCALL"); strings.Join(members, " ") != "U07ALICE001" {
		t.Errorf("after a change: %v", members)
	}
	if _, err := w.api.GetUserGroupMembers("S0NONE"); err == nil || err.Error() != "no_such_subteam" {
		t.Errorf("no group: %v", err)
	}
	groups, err := w.api.GetUserGroups(slack.GetUserGroupsOptionIncludeUsers(true))
	if err != nil || len(groups) != 1 || groups[0].Handle != "rap-approvers" || len(groups[0].Users) != 1 {
		t.Errorf("%+v, %v", groups, err)
	}
}

func TestConversations(t *testing.T) {
	w := start(t, workspace.Options{})
	dm, _, _, err := w.api.OpenConversation(&slack.OpenConversationParameters{Users: []string{"U07ALICE001"}})
	if err != nil {
		t.Fatal(err)
	}
	_, ts, err := w.api.PostMessage("U07ALICE001", slack.MsgOptionText("psst", false))
	if err != nil {
		t.Fatal(err)
	}
	if m := w.sees("alice", "@rap", "psst"); m.Channel != dm.ID || m.TS != ts {
		t.Errorf("%+v", m)
	}
	info, err := w.api.GetConversationInfo(&slack.GetConversationInfoInput{ChannelID: ops})
	if err != nil || info.Name != "rap-ops" || !info.IsMember {
		t.Errorf("%+v, %v", info, err)
	}
	members, _, err := w.api.GetUsersInConversation(&slack.GetUsersInConversationParameters{ChannelID: ops})
	if err != nil || len(members) != 6 {
		t.Errorf("%v, %v", members, err)
	}
	link, err := w.api.GetPermalink(&slack.PermalinkParameters{Channel: dm.ID, Ts: ts})
	if err != nil || !strings.Contains(link, dm.ID+"/p"+strings.ReplaceAll(ts, ".", "")) {
		t.Errorf("%s, %v", link, err)
	}
}

func TestReactions(t *testing.T) {
	w := start(t, workspace.Options{})
	_, ts := w.card("rap-ops")
	if err := w.api.AddReaction("eyes", slack.NewRefToMessage(ops, ts)); err != nil {
		t.Error(err)
	}
	if err := w.api.AddReaction("eyes", slack.NewRefToMessage(ops, ts)); err == nil || err.Error() != "already_reacted" {
		t.Errorf("again: %v", err)
	}
	if got := w.messages("bob", "rap-ops")[0].Reactions; len(got) != 1 || got[0].Name != "eyes" {
		t.Errorf("reactions %+v", got)
	}
}
