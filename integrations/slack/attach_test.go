package slack_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

func textFile(title string) rapbot.File {
	return rapbot.File{Name: "drill-12.txt", Title: title, AltText: "the words of " + title, MIME: "text/plain", Content: []byte("everything went well\n")}
}

// files are the messages with a file before bob.
func (w *world) files() []workspace.Message {
	w.t.Helper()
	return slices.DeleteFunc(w.messages("bob"), func(m workspace.Message) bool { return len(m.Files) == 0 })
}

func TestAFileStandsInItsThread(t *testing.T) {
	t.Parallel()
	w := run(t, setup{workspace: workspace.Options{ShareAfter: 200 * time.Millisecond}, config: slack.Config{Backoff: 200 * time.Millisecond}})
	card := w.post("card")
	f := textFile("The <drill> & more")
	f.Comment = message("Everything <!channel> went well.")
	ref, err := w.Attach(t.Context(), rapbot.Place{Channel: ops, Thread: card.ID}, "op-12-report", f)
	if err != nil {
		t.Fatal(err)
	}
	got := w.files()
	if len(got) != 1 || got[0].ThreadTS != card.ID || got[0].TS != ref.ID || ref.Channel != ops || got[0].User == bob {
		t.Fatalf("%v at %v", got, ref)
	}
	file := got[0].Files[0]
	if file.Title != "The <drill> & more" || file.AltText != f.AltText || file.Size != len(f.Content) || !strings.HasPrefix(file.Name, "drill-12-") || !strings.HasSuffix(file.Name, ".txt") {
		t.Errorf("%+v", file)
	}
	if blocks := string(got[0].Blocks); !strings.Contains(blocks, "Everything &lt;!channel&gt; went well.") {
		t.Errorf("the comment is %s", blocks)
	}
	if again, err := w.Attach(t.Context(), rapbot.Place{Channel: ops, Thread: card.ID}, "op-12-report", f); err != nil || again != ref {
		t.Errorf("a process that crashed after posting posts again: %v, %v", again, err)
	}
	words := textFile("Other")
	words.Comment.Summary = "Only a line & no blocks"
	if _, err := w.Attach(t.Context(), rapbot.Place{Channel: ops, Thread: card.ID}, "op-12-other", words); err != nil {
		t.Error(err)
	}
	if got := w.sees("bob", "Only a line &amp; no blocks"); len(got) != 1 || len(w.files()) != 2 {
		t.Errorf("%v", got)
	}
}

// TestAFileIsPostedOnce breaks every step in every way, in turn and together.
func TestAFileIsPostedOnce(t *testing.T) {
	t.Parallel()
	steps := []string{"files.getUploadURLExternal", "upload_url", "files.completeUploadExternal"}
	for _, kind := range []string{"eof_after_commit", "server_error", "rate_limit"} {
		for _, broken := range append([][]string{steps}, steps[:1], steps[1:2], steps[2:]) {
			t.Run(kind+" "+strings.Join(broken, " "), func(t *testing.T) {
				t.Parallel()
				w := start(t, setup{})
				for _, step := range broken {
					w.fault(`{"` + kind + `":{"method":"` + step + `","times":2,"retry_after":1}}`)
				}
				ref, err := w.Attach(t.Context(), inOps, "key", textFile("report"))
				if err != nil {
					t.Fatal(err)
				}
				if got := w.files(); len(got) != 1 || got[0].TS != ref.ID {
					t.Errorf("%v at %v", got, ref)
				}
				w.noSecrets()
			})
		}
	}
}

// TestALateFileIsNotPostedAgain loses the answer to a completion whose message
// comes later than anybody looks for it. Completing again is refused then.
func TestALateFileIsNotPostedAgain(t *testing.T) {
	t.Parallel()
	w := start(t, setup{workspace: workspace.Options{ShareAfter: 2 * time.Second}, config: slack.Config{Backoff: 10 * time.Millisecond}})
	w.fault(`{"eof_after_commit":{"method":"files.completeUploadExternal"}}`)
	_, err := w.Attach(t.Context(), inOps, "key", textFile("report"))
	if err != nil && !strings.Contains(err.Error(), "It may or may not have been posted.") {
		t.Error(err)
	}
	w.within("the file is shown", func() bool { return len(w.files()) > 0 })
	if got := w.files(); len(got) != 1 || len(w.Calls("upload_url")) != 1 {
		t.Errorf("%v", got)
	}
}

func TestAFileThatIsNotShownYetIsNoError(t *testing.T) {
	t.Parallel()
	w := start(t, setup{workspace: workspace.Options{ShareAfter: time.Hour}, config: slack.Config{Backoff: time.Millisecond}})
	ref, err := w.Attach(t.Context(), inOps, "key", textFile("report"))
	if err != nil || !ref.Zero() {
		t.Errorf("%v, %v", ref, err)
	}
	// Once for the file of a process that crashed, once at first, and after each wait, the last one too.
	if looks := len(w.Calls("conversations.history")); looks != 1+1+5 {
		t.Errorf("it looked %d times", looks)
	}
}

func TestAFileThatIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t, setup{})
	empty := textFile("report")
	empty.Content = nil
	if _, err := w.Attach(t.Context(), inOps, "key", empty); rapbot.ErrorCode(err) != rapbot.Invalid {
		t.Errorf("%v", err)
	}
	_, err := w.Attach(t.Context(), rapbot.Place{Channel: "C07GENERAL3"}, "key", textFile("report"))
	if rapbot.ErrorCode(err) != rapbot.NotFound || !strings.Contains(err.Error(), "Nothing was posted. Invite rapbot") {
		t.Errorf("%v", err)
	}
	w = start(t, setup{workspace: workspace.Options{Scopes: []string{"chat:write", "channels:history"}}})
	_, err = w.Attach(t.Context(), inOps, "key", textFile("report"))
	if rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(err.Error(), "files:write. Nothing was posted. Install the app again") {
		t.Errorf("%v", err)
	}
	w.noSecrets(err)
}
