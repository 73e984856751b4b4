package scenarios

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestPageEmergency goes through the loss of a primary as two people do who
// have a window each: alice asks, bob accepts the loss, and the region that
// was lost comes back. For its screenshots it goes on with a dark region and
// a drill, which have tests of their own.
func TestPageEmergency(t *testing.T) {
	s := openWith(t, true)
	alice := newBrowser(t, s.Facts().Page)
	alice.visit("alice", "rap-ops")
	bob := alice.window()
	bob.visit("bob", "rap-ops")

	alice.click("kill-us-east-1")
	alice.region("us-east-1", "state", "killed")
	alice.typed("/rap failover us-west-2")
	alice.message("A switchover needs a primary that answers.")
	alice.typed("/rap failover us-west-2 --force --reason the rack burns")
	bob.message("Fail over to us-west-2 — awaiting approval")
	bob.shot("emergency")
	alice.message("Fail over to us-west-2 — awaiting approval")
	alice.press("Approve Failover")
	alice.confirm()
	alice.message("You asked for this failover, so somebody else must approve it.")
	bob.approve("Approve Failover")
	bob.message("us-west-2 took over")
	bob.thread("The log of us-east-1 has been read.")
	bob.shot("emergency-finished")
	bob.click("thread-close")

	alice.click("start-us-east-1")
	alice.region("us-east-1", "state", "held")
	alice.typed("/rap rejoin us-east-1 --reason the rack is back")
	bob.approve("Approve Rejoin")
	bob.message("Rejoined us-east-1")
	alice.region("us-east-1", "role", "replica")
	bob.shot("rejoin")
	if *screenshots != "" {
		pictureDark(alice, bob)
		pictureDrill(alice, bob)
	}
}

func pictureDark(alice, bob *browser) {
	alice.click("dark-us-west-2")
	alice.region("us-west-2", "state", "held") // its boot gate has stopped it, and nobody can see that
	alice.typed("/rap failover us-east-1 --force --reason us-west-2 is dark")
	bob.approve("Approve Failover")
	bob.message("us-west-2 stops by itself by")
	bob.shot("dark")
	bob.message("us-east-1 took over")
	alice.click("light-us-west-2")
	alice.typed("/rap rejoin us-west-2 --reason it is back")
	bob.approve("Approve Rejoin")
	bob.message("Rejoined us-west-2")
}

func pictureDrill(alice, bob *browser) {
	alice.region("us-west-2", "role", "replica")
	alice.typed("/rap drill us-west-2 --reason fourth quarter")
	bob.message("Drill: Switch over to us-west-2 — awaiting approval")
	bob.approve("Approve Switchover")
	bob.message("Drill: Switch over to us-east-1 — awaiting approval")
	bob.approve("Approve Switchover")
	bob.message("Drill: Switched over to us-east-1")
	const cards = `[...document.querySelectorAll('[data-testid="replies"]')]`
	bob.run("open the thread of the first leg", chromedp.Evaluate[chromedp.Void](cards+`.at(-2).click()`))
	const pane = `document.querySelector('[data-testid="thread-pane"]')`
	bob.run("see the report", bob.until(fmt.Sprintf(`%s.innerText.includes("The drill is over") && [...%s.querySelectorAll('img')].at(-1)?.complete`, pane, pane)))
	bob.shot("drill")
}

// window is another tab of the same browser.
func (b *browser) window() *browser {
	b.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	b.Cleanup(cancel)
	other := &browser{T: b.T, ctx: ctx, page: b.page}
	other.run("open a second window")
	return other
}

func (b *browser) click(id string) {
	b.Helper()
	b.run("click "+id, chromedp.Click(testID(id)))
}

// approve presses a button as soon as it is there, and says yes when asked.
func (b *browser) approve(label string) {
	b.Helper()
	b.press(label)
	b.confirm()
}

// region waits until the world panel shows a region so.
func (b *browser) region(name, fact, want string) {
	b.Helper()
	b.run("see "+name+" "+want, b.until(fmt.Sprintf(`document.querySelector('[data-testid="region-%s"]')?.dataset[%q] === %q`, name, fact, want)))
}
