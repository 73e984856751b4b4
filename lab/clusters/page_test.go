package clusters

import (
	"flag"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/browser"
)

var screenshots = flag.String("screenshots", "", "folder that TestPage writes its screenshots to; ../../docs/screenshots keeps them")

// TestPage deploys as people do, in front of the page: from empty clusters to a version that is put back by itself.
func TestPage(t *testing.T) {
	s := openWith(t, Options{}, "watch: 3s, give_up: 15s, timeout: 3m") // so that there is something to see
	alice := browser.Open(t, s.Facts().Page, *screenshots)
	alice.Patience = 4 * time.Minute
	alice.Visit("alice", "rap-ops")
	bob := alice.Window()
	bob.Visit("bob", "rap-ops")

	alice.Region("us-east-1", "state", "absent")
	alice.Type("/rap deploy v1 --all --reason the first installation")
	bob.Message("Deploy everything at v1")
	bob.Approve("Approve Deploy")
	bob.Message("Deployed everything at v1")
	bob.Region("us-east-1", "role", "primary")
	bob.Shot("deploy-all")

	alice.Type("/rap deploy v2 --reason the spring release")
	bob.Message("Deploy v2 to us-west-2, eu-west-1 and us-east-1 — awaiting approval")
	bob.Thread("What changes in")
	bob.Shot("deploy-approval")
	bob.Click("thread-close")
	alice.Press("Approve Deploy")
	alice.Confirm()
	alice.Message("You asked for this deploy, so somebody else must approve it.")
	bob.Approve("Approve Deploy")
	bob.Message("Deployed v2 to")

	alice.Type("/rap deploy v3-imagepull")
	bob.Approve("Approve Deploy")
	bob.Message("Deploying v3-imagepull")
	bob.Message("0 of 2 pods updated and ready")
	bob.Shot("deploy-running")
	bob.Message("Deploy of v3-imagepull to us-west-2, eu-west-1 and us-east-1 rolled back")
	bob.Thread("please look")
	bob.Shot("deploy-rolled-back")
	bob.Click("thread-close")

	alice.Type("/rap status us-east-1")
	alice.Message("rap-analyzer v2, 2 of 2 ready")
	alice.Shot("status-clusters")

	alice.Click("freeze-api-eu-west-1")
	alice.Type("/rap status --now")
	alice.Message("its Kubernetes gives no answer")
	alice.Click("thaw-api-eu-west-1")
	alice.Click("writer-check")
	alice.Run("see that nothing is lost", alice.Until(`document.querySelector('[data-testid="writer-check"]').innerText === 'lost: 0'`))
}
