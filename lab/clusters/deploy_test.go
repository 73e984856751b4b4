package clusters

import (
	"flag"
	"os"
	"testing"
)

var written = flag.String("play", "", "file that TestDeploy writes down to what was said; ../../docs/deploy.txt keeps it")

// TestDeploy fills three empty clusters and brings versions to them: one that is
// good, one that never becomes ready, and the one before.
func TestDeploy(t *testing.T) {
	s := open(t)
	s.does("/rap deploy v1 --all --reason the first installation", "Deploy everything at v1", "Approve Deploy", "Deployed everything at v1")
	s.tells("/rap status --now", "application v1, 2 of 2 ready", "2 of 2 replicas streaming")
	s.does("/rap deploy v2", "Deploy v2 to", "Approve Deploy", "Deployed v2 to")
	s.does("/rap deploy v3-imagepull", "Deploy v3-imagepull to", "Approve Deploy", "Deploy of v3-imagepull")
	s.tells("/rap status --now", "application v2, 2 of 2 ready")
	s.does("/rap rollback", "Roll back", "Approve Rollback", "Rolled back")
	s.tells("/rap status --now", "application v1, 2 of 2 ready")
	if *written == "" {
		return
	}
	if err := os.WriteFile(*written, []byte(s.play.String()), 0o644); err != nil {
		t.Error(err)
	}
}
