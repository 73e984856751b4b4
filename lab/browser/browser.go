// Package browser looks at the lab's page as people do: in a headless Chromium, with the mouse and the keyboard. What it does not get to see
// within its patience ends the test, with a screenshot of what was there instead.
package browser

import (
	"context"
	"fmt"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Browser is one window.
type Browser struct {
	testing.TB
	Patience time.Duration // how long a person looks for something; a minute unless it is changed

	ctx  context.Context
	page string
	kept string
}

// Open opens a window on the page at that address, for the length of a test.
// Shots are kept in a folder, or not at all when there is none.
func Open(t testing.TB, page, shots string) *Browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Fatal("no Chromium: install it with apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.WindowSize(1440, 1000), chromedp.WSURLReadTimeout(60*time.Second))
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil { // starts the browser, whose life is this context's
		t.Fatal("start Chromium:", err)
	}
	ctx, cancel = context.WithTimeout(ctx, 15*time.Minute)
	t.Cleanup(cancel)
	return &Browser{TB: t, Patience: time.Minute, ctx: ctx, page: page, kept: shots}
}

// Window is another window of the same browser.
func (b *Browser) Window() *Browser {
	b.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.Cleanup(cancel)
	other := &Browser{TB: b.TB, Patience: b.Patience, ctx: ctx, page: b.page, kept: b.kept}
	other.Run("open a second window")
	return other
}

// Run does what the other methods have no word for.
func (b *Browser) Run(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.keep("failure")
		b.Fatalf("%s: %v", what, err)
	}
}

// Until waits until a condition in JavaScript holds.
func (b *Browser) Until(condition string) chromedp.Action[chromedp.Void] {
	return chromedp.Poll[chromedp.Void](condition, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(b.Patience))
}

func testID(id string) chromedp.CSS { return chromedp.CSS(`[data-testid="` + id + `"]`) }

// Visit opens a channel as a person, with the panel about the world beside it.
func (b *Browser) Visit(person, channel string) {
	b.Helper()
	b.Run("open the page", chromedp.Navigate(fmt.Sprintf("%s/?as=%s&channel=%s&world=1", b.page, person, channel)),
		chromedp.WaitReady(chromedp.CSS(fmt.Sprintf(`body[data-ready="%s/%s"]`, person, channel))))
}
