package argv

import (
	"bytes"
	"strings"
	"testing"
)

func TestTailKeepsTheEndAndNoMore(t *testing.T) {
	var said tail
	for range 1000 {
		_, _ = said.Write(bytes.Repeat([]byte("x"), 1000))
	}
	_, _ = said.Write([]byte("the end"))
	if n := len(said.kept); n > 2*shown {
		t.Errorf("%d bytes are kept", n)
	}
	if text := said.String(); !strings.HasSuffix(text, "xthe end") || len(text) > shown+len("…") {
		t.Errorf("%d bytes, ending in %.20q", len(text), text[len(text)-20:])
	}
}

// A secret at the very cut is still known by the word before it.
func TestSecretAtTheCut(t *testing.T) {
	var said tail
	_, _ = said.Write([]byte("password=" + strings.Repeat("hunter2", 10) + " " + strings.Repeat("y", shown-8)))
	if text := said.String(); strings.Contains(text, "hunter2") {
		t.Errorf("%.80q", text)
	}
}
