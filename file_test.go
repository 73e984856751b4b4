package rapbot_test

import (
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

func TestFileIsCheckedBeforeItIsPosted(t *testing.T) {
	t.Parallel()
	good := rapbot.File{Name: "latency.png", MIME: "image/png", Content: []byte("x")}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for what, spoil := range map[string]func(*rapbot.File){
		"no name":            func(f *rapbot.File) { f.Name = "" },
		"only an ending":     func(f *rapbot.File) { f.Name = ".png" },
		"no ending":          func(f *rapbot.File) { f.Name = "latency" },
		"an empty ending":    func(f *rapbot.File) { f.Name = "latency." },
		"a path":             func(f *rapbot.File) { f.Name = "../latency.png" },
		"a line break":       func(f *rapbot.File) { f.Name = "late\nncy.png" },
		"a long name":        func(f *rapbot.File) { f.Name = strings.Repeat("a", rapbot.FileNameMax) + ".png" },
		"no content":         func(f *rapbot.File) { f.Content = nil },
		"too much content":   func(f *rapbot.File) { f.Content = make([]byte, rapbot.FileMax+1) },
		"nothing about it":   func(f *rapbot.File) { f.MIME = "" },
		"an ending for MIME": func(f *rapbot.File) { f.MIME = "png" },
	} {
		f := good
		spoil(&f)
		err := f.Check()
		if rapbot.ErrorCode(err) != rapbot.Invalid || !strings.Contains(err.Error(), "Nothing was posted.") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
