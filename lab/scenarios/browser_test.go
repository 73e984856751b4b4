package scenarios

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "folder that TestPage writes its screenshots to; ../../docs/screenshots keeps them")

// TestPage uses the lab as a newcomer would: in a browser, with the mouse. It
// goes from /rap status to the outcome of a switchover and to an alert's card.
func TestPage(t *testing.T) {
	s := open(t)
	b := newBrowser(t, s.Facts().Page)
	b.visit("alice", "rap-ops")

	b.typed("/rap status")
	b.message("us-east-1 is primary, 2 of 2 replicas streaming")
	b.message("Only visible to you")
	b.shot("status")

	b.typed("/rap failover us-west-2 --reason kernel update in us-east-1")
	b.message("Switch over to us-west-2 — awaiting approval")
	b.shot("approval")
	b.press("Approve Switchover")
	b.confirm()
	b.message("You asked for this switchover, so somebody else must approve it.")

	// A replica that is down keeps the last steps waiting, so that there is something to watch.
	eu := s.Fleet.Region("eu-west-1")
	if err := eu.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.act("bob")
	b.press("Approve Switchover")
	b.confirm()
	b.message("The world has changed since this plan was shown: eu-west-1 was replica and is now unknown")
	b.message("it stays behind until it is back")
	b.press("Approve Switchover")
	b.confirm()
	b.message("Switching over to us-west-2 — step 8")
	b.shot("running")
	if err := eu.StartReplica(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.message("Switched over to us-west-2")
	b.message("Shutdown checkpoint replayed")
	b.shot("finished")
	b.thread("approved")
	b.shot("thread")

	b.visit("bob", "rap-alerts")
	b.press("Send lag alert")
	b.message("PostgreSQLReplicationLag")
	b.shot("alert")
	b.press("Resolve it")
	b.message("Resolved: PostgreSQLReplicationLag")
	b.run("see one card for the alert, not two", b.until(`[...document.querySelectorAll('[data-testid="message"]')].filter(m => m.innerText.includes('PostgreSQLReplicationLag (1 alert)')).length === 1`))
	b.shot("resolved")
	b.visit("alice", "rap-ops")
	b.typed("/rap history")
	b.message("Operations, newest first")
	s.wholeFleet()
}

// browser is a headless Chromium on the lab's page.
type browser struct {
	*testing.T
	ctx  context.Context
	page string
}

func newBrowser(t *testing.T, page string) *browser {
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
	ctx, cancel = context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(cancel)
	return &browser{T: t, ctx: ctx, page: page}
}

func (b *browser) run(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.keep("failure")
		b.Fatalf("%s: %v", what, err)
	}
}

func testID(id string) chromedp.CSS { return chromedp.CSS(`[data-testid="` + id + `"]`) }

func (b *browser) visit(person, channel string) {
	b.Helper()
	b.run("open the page", chromedp.Navigate(fmt.Sprintf("%s/?as=%s&channel=%s&world=1", b.page, person, channel)),
		chromedp.WaitReady(chromedp.CSS(fmt.Sprintf(`body[data-ready="%s/%s"]`, person, channel))))
}

func (b *browser) act(person string) {
	b.Helper()
	b.run("act as "+person, chromedp.Click(testID("as-"+person)), chromedp.WaitReady(chromedp.CSS(fmt.Sprintf(`body[data-ready="%s/rap-ops"]`, person))))
}

func (b *browser) typed(words string) {
	b.Helper()
	b.run("type "+words, chromedp.SendKeys(testID("composer"), words), chromedp.Click(testID("send")))
}

// message waits until words stand in the channel.
func (b *browser) message(words string) {
	b.Helper()
	b.run("see "+words, b.until(fmt.Sprintf(`[...document.querySelectorAll('[data-testid="message"]')].some(m => m.innerText.includes(%q))`, words)))
}

// press presses the newest button with that label.
func (b *browser) press(label string) {
	b.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll('button')].filter(x => x.innerText.trim() === %q && !x.disabled && x.offsetParent)`, label)
	b.run("press "+label, b.until(find+`.length > 0`), chromedp.Evaluate[chromedp.Void](find+`.at(-1).click()`))
}

func (b *browser) confirm() {
	b.Helper()
	b.run("confirm", chromedp.Click(testID("confirm-ok")))
}

// thread opens the newest thread and waits for words in it.
func (b *browser) thread(words string) {
	b.Helper()
	b.run("open the thread", b.until(`document.querySelector('[data-testid="replies"]')`), chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll('[data-testid="replies"]')].at(-1).click()`),
		b.until(fmt.Sprintf(`document.querySelector('[data-testid="thread-pane"]')?.innerText.includes(%q)`, words)))
}

func (b *browser) until(condition string) chromedp.Action[chromedp.Void] {
	return chromedp.Poll[chromedp.Void](condition, chromedp.WithPollingInterval(50*time.Millisecond), chromedp.WithPollingTimeout(60*time.Second))
}

// shot keeps a picture when screenshots are asked for.
func (b *browser) shot(name string) {
	b.Helper()
	if *screenshots != "" {
		b.keep(name)
	}
}

func (b *browser) keep(name string) {
	dir := *screenshots
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
