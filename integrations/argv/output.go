package argv

import (
	"os"
	"regexp"
	"strings"
	"sync"

	"github.com/rap-analyzer/rapbot"
)

// shown is how much of a command's output an error shows. Twice as much is
// kept, so that a secret is recognised by the word before it also when only
// its end would be shown.
const shown = 2 << 10

// tail is a writer that keeps the end of what is written.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - 2*shown; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	return len(p), nil
}

// String is the last of it, without secrets (R10).
func (t *tail) String() string {
	t.mu.Lock()
	text := string(t.kept)
	t.mu.Unlock()
	text = strings.TrimSpace(hide(text))
	if len(text) > shown {
		text = "…" + text[len(text)-shown:]
	}
	return strings.ToValidUTF8(text, "")
}

var secretName = regexp.MustCompile(`(?i)passw|secret|token|credential|private|_key$|^key$`)

// hide takes out what looks like a secret, and the value of every telling
// variable of the environment, which the command has inherited and may print.
func hide(text string) string {
	var known []string
	for _, pair := range os.Environ() {
		if name, value, _ := strings.Cut(pair, "="); secretName.MatchString(name) {
			known = append(known, value)
		}
	}
	return rapbot.HideSecrets(text, known...)
}
