package scenarios

import (
	"flag"
	"testing"

	"github.com/rap-analyzer/rapbot/lab/browser"
)

var screenshots = flag.String("screenshots", "", "folder that TestPage writes its screenshots to; ../../docs/screenshots keeps them")

// TestPage uses the lab as a newcomer would: in a browser, with the mouse. It
// goes from /rap status to the outcome of a switchover and to an alert's card.
func TestPage(t *testing.T) {
	s := open(t)
	b := browser.Open(t, s.Facts().Page, *screenshots)
	b.Visit("alice", "rap-ops")

	b.Type("/rap status")
	b.Message("us-east-1 is primary, 2 of 2 replicas streaming")
	b.Message("Only visible to you")
	b.Shot("status")

	b.Type("/rap failover us-west-2 --reason kernel update in us-east-1")
	b.Message("Switch over to us-west-2 — awaiting approval")
	b.Shot("approval")
	b.Press("Approve Switchover")
	b.Confirm()
	b.Message("You asked for this switchover, so somebody else must approve it.")

	// A replica that is down keeps the last steps waiting, so that there is something to watch.
	eu := s.Fleet.Region("eu-west-1")
	if err := eu.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Act("bob")
	b.Press("Approve Switchover")
	b.Confirm()
	b.Message("The world has changed since this plan was shown: eu-west-1 was replica and is now unknown")
	b.Message("it stays behind until it is back")
	b.Press("Approve Switchover")
	b.Confirm()
	b.Message("Switching over to us-west-2 — step 8")
	b.Shot("running")
	if err := eu.StartReplica(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Message("Switched over to us-west-2")
	b.Message("Shutdown checkpoint replayed")
	b.Shot("finished")
	b.Thread("approved")
	b.Shot("thread")

	b.Visit("bob", "rap-alerts")
	b.Press("Send lag alert")
	b.Message("PostgreSQLReplicationLag")
	b.Shot("alert")
	b.Press("Resolve it")
	b.Message("Resolved: PostgreSQLReplicationLag")
	b.Run("see one card for the alert, not two", b.Until(`[...document.querySelectorAll('[data-testid="message"]')].filter(m => m.innerText.includes('PostgreSQLReplicationLag (1 alert)')).length === 1`))
	b.Shot("resolved")
	b.Visit("alice", "rap-ops")
	b.Type("/rap history")
	b.Message("Operations, newest first")
	s.wholeFleet()
}
