package browser

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// Shot keeps a picture when screenshots are asked for.
func (b *Browser) Shot(name string) {
	b.Helper()
	if b.kept != "" {
		b.keep(name)
	}
}

func (b *Browser) keep(name string) {
	dir := b.kept
	if dir == "" {
		dir = os.TempDir()
	}
	time.Sleep(300 * time.Millisecond) // for what fades in
	shot, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.Logf("no screenshot: %v", err)
		return
	}
	shot = squeeze(shot)
	path := filepath.Join(dir, strings.ToLower(name)+".png")
	if err := os.WriteFile(path, shot, 0o644); err != nil {
		b.Errorf("keep a screenshot: %v", err)
		return
	}
	b.Logf("screenshot %s", path)
}

// squeeze packs a picture tighter than a browser takes the time for.
func squeeze(shot []byte) []byte {
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		return shot
	}
	var small bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, picture); err != nil || small.Len() > len(shot) {
		return shot
	}
	return small.Bytes()
}
