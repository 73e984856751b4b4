package clusters

import (
	"context"
	"flag"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/drive"
)

var statuses = flag.Int("statuses", 0, "how many times TestStatusSpeed asks for the status; 0 leaves it out")

// byHand are the regions' PostgreSQL as the guide has a person look at it.
var byHand = map[string]string{
	"us-east-1": "SELECT application_name, state, sent_lsn, write_lsn, flush_lsn, replay_lsn FROM pg_stat_replication",
	"us-west-2": "SELECT pg_is_in_recovery(), EXTRACT(EPOCH FROM (now() - pg_last_xact_replay_timestamp()))",
	"eu-west-1": "SELECT pg_is_in_recovery(), EXTRACT(EPOCH FROM (now() - pg_last_xact_replay_timestamp()))",
}

// TestStatusSpeed sets /rap status beside what the guide has a person type for
// the same: the pods of three regions with kubectl, and their replication with
// psql. It prints figures and judges none.
func TestStatusSpeed(t *testing.T) {
	if *statuses == 0 {
		t.Skip("make bench-status measures this")
	}
	s := open(t)
	s.does("/rap deploy v1 --all", "Deploy everything at v1", "Approve Deploy", "Deployed everything at v1")
	var ours, guides []time.Duration
	for i := range *statuses {
		ours = append(ours, s.asksStatus())
		if i%10 == 0 { // in turn, so that both have the same machine
			guides = append(guides, s.looksByHand())
		}
	}
	t.Logf("/rap status, from the command to the message, %d times: p50 %s, p99 %s", len(ours), rank(ours, 50), rank(ours, 99))
	t.Logf("kubectl and psql in three regions, %d times: p50 %s, p99 %s", len(guides), rank(guides, 50), rank(guides, 99))
	t.Logf("ratio of the medians: %.4f", float64(rank(ours, 50))/float64(rank(guides, 50)))
}

// asksStatus is the time from the command to the message, by the clock of the
// emulated Slack.
func (s *stage) asksStatus() time.Duration {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 30*time.Second)
	defer cancel()
	after, err := s.Newest("alice", drive.Operations)
	if err != nil {
		s.Fatal(err)
	}
	asked := time.Now()
	if err := s.Say("alice", "/rap status"); err != nil {
		s.Fatal(err)
	}
	m, err := s.See(ctx, "alice", drive.Operations, after, "2 of 2 replicas streaming", "application v1, 2 of 2 ready")
	if err != nil {
		s.Fatal(err)
	}
	seconds, err := strconv.ParseFloat(m.TS, 64)
	if err != nil {
		s.Fatal(err)
	}
	return time.UnixMicro(int64(seconds * 1e6)).Sub(asked)
}

func (s *stage) looksByHand() time.Duration {
	s.Helper()
	began := time.Now()
	for region, query := range byHand {
		s.kubectl(region, "get", "pods", "-n", Namespace, "-o", "wide")
		out := s.kubectl(region, "exec", servers[region]+"-0", "-n", Namespace, "--", "psql", "-U", "postgres", "-Atc", query)
		if !strings.Contains(out, "streaming") && !strings.HasPrefix(out, "t|") {
			s.Fatalf("%s says %q", region, out)
		}
	}
	return time.Since(began)
}

func (s *stage) kubectl(region string, args ...string) string {
	s.Helper()
	cmd := exec.CommandContext(s.Context(), s.fleet.Kubectl(), append([]string{"--kubeconfig", s.fleet.Kubeconfig, "--context", region}, args...)...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.Fatal(fmt.Errorf("%s: %w: %s", strings.Join(args, " "), err, out))
	}
	return string(out)
}

// rank is the smallest value that so many of a hundred do not exceed.
func rank(all []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[max(0, (len(sorted)*percent+99)/100-1)].Round(10 * time.Microsecond)
}
