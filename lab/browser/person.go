package browser

import (
	"fmt"

	"github.com/chromedp/chromedp"
)

// Act goes on as another person in the operations channel.
func (b *Browser) Act(person string) {
	b.Helper()
	b.Run("act as "+person, chromedp.Click(testID("as-"+person)), chromedp.WaitReady(chromedp.CSS(fmt.Sprintf(`body[data-ready="%s/rap-ops"]`, person))))
}

// Type says words in the channel.
func (b *Browser) Type(words string) {
	b.Helper()
	b.Run("type "+words, chromedp.SendKeys(testID("composer"), words), chromedp.Click(testID("send")))
}

// Message waits until words stand in the channel.
func (b *Browser) Message(words string) {
	b.Helper()
	b.Run("see "+words, b.Until(fmt.Sprintf(`[...document.querySelectorAll('[data-testid="message"]')].some(m => m.innerText.includes(%q))`, words)))
}

// Press presses the newest button with that label.
func (b *Browser) Press(label string) {
	b.Helper()
	find := fmt.Sprintf(`[...document.querySelectorAll('button')].filter(x => x.innerText.trim() === %q && !x.disabled && x.offsetParent)`, label)
	b.Run("press "+label, b.Until(find+`.length > 0`), chromedp.Evaluate[chromedp.Void](find+`.at(-1).click()`))
}

// Confirm says yes in the dialog.
func (b *Browser) Confirm() {
	b.Helper()
	b.Run("confirm", chromedp.Click(testID("confirm-ok")))
}

// Approve presses a button as soon as it is there, and says yes when asked.
func (b *Browser) Approve(label string) {
	b.Helper()
	b.Press(label)
	b.Confirm()
}

// Click presses what has that name in the page's own markup.
func (b *Browser) Click(id string) {
	b.Helper()
	b.Run("click "+id, chromedp.Click(testID(id)))
}

// Thread opens the newest thread and waits for words in it.
func (b *Browser) Thread(words string) {
	b.Helper()
	b.Run("open the thread", b.Until(`document.querySelector('[data-testid="replies"]')`), chromedp.Evaluate[chromedp.Void](`[...document.querySelectorAll('[data-testid="replies"]')].at(-1).click()`),
		b.Until(fmt.Sprintf(`document.querySelector('[data-testid="thread-pane"]')?.innerText.includes(%q)`, words)))
}

// Region waits until the panel shows a region so.
func (b *Browser) Region(name, fact, want string) {
	b.Helper()
	b.Run("see "+name+" "+want, b.Until(fmt.Sprintf(`document.querySelector('[data-testid="region-%s"]')?.dataset[%q] === %q`, name, fact, want)))
}
