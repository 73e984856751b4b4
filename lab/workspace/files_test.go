package workspace_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot/lab/workspace"
)

func (w *world) upload(p slack.UploadFileParameters) error {
	if p.FileSize == 0 {
		p.FileSize = len(p.Content)
	}
	_, err := w.api.UploadFileContext(w.t.Context(), p)
	return err
}

// get fetches what a file's address serves.
func (w *world) get(address string) (string, http.Header) {
	w.t.Helper()
	response, err := http.Get(address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		w.t.Fatalf("%s answered %d, %v", address, response.StatusCode, err)
	}
	return string(body), response.Header
}

// raw makes a call that slack-go would refuse to make.
func (w *world) raw(method string, form url.Values) string {
	w.t.Helper()
	form.Set("token", w.BotToken())
	response, err := http.PostForm(w.server.URL+"/api/"+method, form)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var out struct{ Error string }
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
		w.t.Fatal(err)
	}
	return out.Error
}

func picture(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 40, 20))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestAFileInAThread(t *testing.T) {
	t.Parallel()
	w := start(t, workspace.Options{})
	_, ts := w.card("rap-ops")
	data := picture(t)
	err := w.upload(slack.UploadFileParameters{
		Channel: ops, ThreadTimestamp: ts, Filename: "latency.png", Title: "Write latency", AltTxt: "a flat line", FileSize: len(data),
		Reader: bytes.NewReader(data), InitialComment: "see",
	})
	if err != nil {
		t.Fatal(err)
	}
	m := w.sees("bob", "rap-ops", "see")
	if len(m.Files) != 1 || m.ThreadTS != ts || !m.Bot {
		t.Fatalf("%+v", m)
	}
	f := m.Files[0]
	if f.Name != "latency.png" || f.Title != "Write latency" || f.AltText != "a flat line" || f.Size != len(data) || f.Mimetype != "image/png" || f.Width != 40 || f.Height != 20 {
		t.Errorf("%+v", f)
	}
	if body, head := w.get(f.URLPrivate); body != string(data) || head.Get("Content-Type") != "image/png" || head.Get("Content-Disposition") != "" {
		t.Errorf("%d bytes, %v", len(body), head)
	}
	if _, head := w.get(f.URLDownload); head.Get("Content-Disposition") != "attachment" {
		t.Errorf("%v", head)
	}
	replies, _, _, err := w.api.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: ops, Timestamp: ts})
	if err != nil || len(replies) != 2 || len(replies[1].Files) != 1 || replies[1].Files[0].Name != "latency.png" || replies[1].Timestamp != m.TS {
		t.Errorf("%+v, %v", replies, err)
	}
}

func TestAFileIsSharedAfterItsCompletionWasAnswered(t *testing.T) {
	t.Parallel()
	w := start(t, workspace.Options{ShareAfter: time.Hour})
	if err := w.upload(slack.UploadFileParameters{Channel: ops, Filename: "plan.txt", Content: "steps", InitialComment: "see"}); err != nil {
		t.Fatal(err)
	}
	w.seesNot("bob", "rap-ops", "see")
}

// TestNothingUploadedRunsInThePage: what an app uploads is shown by the lab's own server.
func TestNothingUploadedRunsInThePage(t *testing.T) {
	t.Parallel()
	w := start(t, workspace.Options{})
	for name, want := range map[string]string{"a.txt": "text/plain; charset=utf-8", "a.svg": "image/svg+xml", "a.png": "text/html; charset=utf-8"} {
		if err := w.upload(slack.UploadFileParameters{Channel: ops, Filename: name, Content: "<html><script>alert(1)</script>", InitialComment: name}); err != nil {
			t.Fatal(err)
		}
		_, head := w.get(w.sees("bob", "rap-ops", name).Files[0].URLPrivate)
		if head.Get("Content-Type") != want || head.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(head.Get("Content-Security-Policy"), "sandbox") {
			t.Errorf("%s: %v", name, head)
		}
	}
}

func TestWhatAnUploadURLRefuses(t *testing.T) {
	t.Parallel()
	w := start(t, workspace.Options{})
	for want, form := range map[string]url.Values{
		"missing_argument":            {"filename": {"a.txt"}, "length": {"0"}},
		"invalid_arguments":           {"filename": {"a.txt"}, "length": {"many"}},
		"alt_txt_too_large":           {"filename": {"a.png"}, "length": {"5"}, "alt_txt": {strings.Repeat("a", 1001)}},
		"snippet_too_large":           {"filename": {"a.go"}, "length": {"1048577"}, "snippet_type": {"go"}},
		"file_upload_size_restricted": {"filename": {"a.bin"}, "length": {"2000000000"}},
	} {
		if got := w.raw("files.getUploadURLExternal", form); got != want {
			t.Errorf("%v: %s, want %s", form, got, want)
		}
	}
	ask := func() *slack.GetUploadURLExternalResponse {
		to, err := w.api.GetUploadURLExternalContext(t.Context(), slack.GetUploadURLExternalParameters{FileName: "a.txt", FileSize: 5})
		if err != nil {
			t.Fatal(err)
		}
		return to
	}
	send := func(to *slack.GetUploadURLExternalResponse, content string) error {
		return w.api.UploadToURL(t.Context(), slack.UploadToURLParameters{UploadURL: to.UploadURL, Filename: "a.txt", Content: content})
	}
	to := ask()
	if err := send(to, "too long"); err == nil {
		t.Error("another length than was announced is taken")
	}
	if err := send(to, "steps"); err != nil {
		t.Error(err)
	}
	if err := send(to, "again"); err == nil {
		t.Error("a URL is good twice")
	}
	late := ask()
	if _, err := w.Fault([]byte(`{"fast_clock":601}`)); err != nil {
		t.Fatal(err)
	}
	if err := send(late, "steps"); err == nil {
		t.Error("an expired URL is good")
	}
	complete := slack.CompleteUploadExternalParameters{Files: []slack.FileSummary{{ID: to.FileID}}, Channel: ops}
	if _, err := w.api.CompleteUploadExternalContext(t.Context(), complete); err == nil || err.Error() != "file_not_found" {
		t.Errorf("an upload that was thrown away: %v", err)
	}
}

func TestWhatACompletionRefuses(t *testing.T) {
	t.Parallel()
	w := start(t, workspace.Options{Channels: []workspace.Channel{
		{Name: "rap-ops", ID: ops, Members: []string{"rap", "bob"}},
		{Name: "general", ID: "C07GENERAL3", Members: []string{"bob"}},
		{Name: "secret", ID: "C07SECRET04", Private: true, Members: []string{"bob"}},
		{Name: "old", ID: "C07OLD00005", Archived: true, Members: []string{"rap", "bob"}},
	}})
	to, err := w.api.GetUploadURLExternalContext(t.Context(), slack.GetUploadURLExternalParameters{FileName: "a.txt", FileSize: 5})
	if err != nil {
		t.Fatal(err)
	}
	complete := func(p slack.CompleteUploadExternalParameters) string {
		p.Files = []slack.FileSummary{{ID: to.FileID}}
		if _, err := w.api.CompleteUploadExternalContext(t.Context(), p); err != nil {
			return err.Error()
		}
		return ""
	}
	if got := complete(slack.CompleteUploadExternalParameters{Channel: ops}); got != "file_not_found" {
		t.Errorf("without its bytes: %s", got)
	}
	if err := w.api.UploadToURL(t.Context(), slack.UploadToURLParameters{UploadURL: to.UploadURL, Filename: "a.txt", Content: "steps"}); err != nil {
		t.Fatal(err)
	}
	for want, channel := range map[string]string{"not_in_channel": "C07GENERAL3", "channel_not_found": "C07SECRET04", "is_archived": "C07OLD00005"} {
		if got := complete(slack.CompleteUploadExternalParameters{Channel: channel}); got != want {
			t.Errorf("%s: %s", channel, got)
		}
	}
	if got := complete(slack.CompleteUploadExternalParameters{Channel: "rap-ops"}); got != "channel_not_found" {
		t.Errorf("a name for an ID: %s", got)
	}
	if got := complete(slack.CompleteUploadExternalParameters{Channels: []string{ops, "U07BOB00002"}, ThreadTimestamp: "1.1"}); got != "invalid_arguments" {
		t.Errorf("a thread in two channels: %s", got)
	}
	if got := complete(slack.CompleteUploadExternalParameters{Channels: []string{ops, "U07BOB00002"}, InitialComment: "see"}); got != "" {
		t.Errorf("after refusals: %s", got)
	}
	w.sees("bob", "rap-ops", "see")
	w.sees("bob", "@rap", "see")
	if got := complete(slack.CompleteUploadExternalParameters{Channel: ops}); got != "file_not_found" {
		t.Errorf("completed twice: %s", got)
	}
}

func TestFaultsOfAnUpload(t *testing.T) {
	t.Parallel()
	w := start(t, workspace.Options{})
	for _, fault := range []string{
		`{"server_error":{"method":"upload_url"}}`, `{"eof_after_commit":{"method":"upload_url"}}`, `{"rate_limit":{"method":"upload_url","retry_after":1}}`,
	} {
		if _, err := w.Fault([]byte(fault)); err != nil {
			t.Fatal(err)
		}
		if err := w.upload(slack.UploadFileParameters{Channel: ops, Filename: "a.txt", Content: "steps"}); err == nil || !strings.Contains(err.Error(), "UploadToURL") {
			t.Errorf("%s: %v", fault, err)
		}
	}
	if calls := w.Calls("upload_url"); len(calls) != 3 || calls[0].Status != 503 || calls[1].Status != 200 || calls[2].Status != 429 {
		t.Errorf("%+v", calls)
	}
}
