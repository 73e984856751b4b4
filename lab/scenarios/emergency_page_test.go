package scenarios

import (
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/rap-analyzer/rapbot/lab/browser"
)

// TestPageEmergency goes through the loss of a primary as two people do who
// have a window each: alice asks, bob accepts the loss, and the region that
// was lost comes back. For its screenshots it goes on with a dark region and
// a drill, which have tests of their own.
func TestPageEmergency(t *testing.T) {
	s := openWith(t, true)
	alice := browser.Open(t, s.Facts().Page, *screenshots)
	alice.Visit("alice", "rap-ops")
	bob := alice.Window()
	bob.Visit("bob", "rap-ops")

	alice.Click("kill-us-east-1")
	alice.Region("us-east-1", "state", "killed")
	alice.Type("/rap failover us-west-2")
	alice.Message("A switchover needs a primary that answers.")
	alice.Type("/rap failover us-west-2 --force --reason the rack burns")
	bob.Message("Fail over to us-west-2 — awaiting approval")
	bob.Shot("emergency")
	alice.Message("Fail over to us-west-2 — awaiting approval")
	alice.Press("Approve Failover")
	alice.Confirm()
	alice.Message("You asked for this failover, so somebody else must approve it.")
	bob.Approve("Approve Failover")
	bob.Message("us-west-2 took over")
	bob.Thread("The log of us-east-1 has been read.")
	bob.Shot("emergency-finished")
	bob.Click("thread-close")

	alice.Click("start-us-east-1")
	alice.Region("us-east-1", "state", "held")
	alice.Type("/rap rejoin us-east-1 --reason the rack is back")
	bob.Approve("Approve Rejoin")
	bob.Message("Rejoined us-east-1")
	alice.Region("us-east-1", "role", "replica")
	bob.Shot("rejoin")
	if *screenshots != "" {
		pictureDark(alice, bob)
		pictureDrill(alice, bob)
	}
}

func pictureDark(alice, bob *browser.Browser) {
	alice.Click("dark-us-west-2")
	alice.Region("us-west-2", "state", "held") // its boot gate has stopped it, and nobody can see that
	alice.Type("/rap failover us-east-1 --force --reason us-west-2 is dark")
	bob.Approve("Approve Failover")
	bob.Message("us-west-2 stops by itself by")
	bob.Shot("dark")
	bob.Message("us-east-1 took over")
	alice.Click("light-us-west-2")
	alice.Type("/rap rejoin us-west-2 --reason it is back")
	bob.Approve("Approve Rejoin")
	bob.Message("Rejoined us-west-2")
}

func pictureDrill(alice, bob *browser.Browser) {
	alice.Region("us-west-2", "role", "replica")
	alice.Type("/rap drill us-west-2 --reason fourth quarter")
	bob.Message("Drill: Switch over to us-west-2 — awaiting approval")
	bob.Approve("Approve Switchover")
	bob.Message("Drill: Switch over to us-east-1 — awaiting approval")
	bob.Approve("Approve Switchover")
	bob.Message("Drill: Switched over to us-east-1")
	const cards = `[...document.querySelectorAll('[data-testid="replies"]')]`
	bob.Run("open the thread of the first leg", chromedp.Evaluate[chromedp.Void](cards+`.at(-2).click()`))
	const pane = `document.querySelector('[data-testid="thread-pane"]')`
	bob.Run("see the report", bob.Until(fmt.Sprintf(`%s.innerText.includes("The drill is over") && [...%s.querySelectorAll('img')].at(-1)?.complete`, pane, pane)))
	bob.Shot("drill")
}
