package clusters

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot/lab/wait"
)

var switchovers = flag.Int("switchovers", 2, "how many planned changes of primary TestSwitchover makes")

// TestSwitchover moves the primary from region to region while the application
// writes. Nothing that was acknowledged is lost, and what Helm, the ConfigMaps
// and the servers say is the same afterwards.
func TestSwitchover(t *testing.T) {
	s := open(t)
	s.does("/rap deploy v1 --all", "Deploy everything at v1", "Approve Deploy", "Deployed everything at v1")
	order := []string{"us-west-2", "eu-west-1", "us-east-1"}
	for i := range *switchovers {
		to := order[i%len(order)]
		before := s.acknowledged()
		s.does("/rap failover "+to, "Switch over to "+to, "Approve Switchover", "Switched over to "+to)
		s.agreeOn(to)
		s.writesGoOn(before)
	}
	s.nothingIsLost(s.primary())
}

// agreeOn waits until every region says that one is the primary.
func (s *stage) agreeOn(primary string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	var why string
	if err := wait.Until(ctx, 200*time.Millisecond, func() bool { why = s.disagreement(ctx, primary); return why == "" }); err != nil {
		s.Fatalf("%s is to be the primary everywhere: %s", primary, why)
	}
}

func (s *stage) disagreement(ctx context.Context, primary string) string {
	for _, r := range s.fleet.Regions() {
		settings, err := s.fleet.setting(ctx, r, "rap-analyzer-config")
		if err != nil {
			return err.Error()
		}
		if settings["DATABASE_HOST"] != s.fleet.Host(primary) {
			return fmt.Sprintf("the application in %s asks %s", r.Name, settings["DATABASE_HOST"])
		}
		role := "replica"
		if r.Name == primary {
			role = "primary"
		}
		state, err := s.fleet.setting(ctx, r, servers[r.Name]+"-state")
		if err != nil {
			return err.Error()
		}
		if said := state["state"]; !strings.Contains(said, "role="+role) {
			return fmt.Sprintf("the release in %s says %q", r.Name, said)
		}
	}
	return ""
}

// acknowledged is how many rows the database has said it has.
func (s *stage) acknowledged() int {
	s.Helper()
	rows, err := s.fleet.Acknowledged()
	if err != nil {
		s.Fatal(err)
	}
	return len(rows)
}

// writesGoOn waits until there are more acknowledged rows than before.
func (s *stage) writesGoOn(before int) {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	if err := wait.Until(ctx, 200*time.Millisecond, func() bool { return s.acknowledged() > before+10 }); err != nil {
		s.Fatalf("the application does not write: %d rows acknowledged before, %d now", before, s.acknowledged())
	}
}

// primary is the region whose server is one.
func (s *stage) primary() string {
	s.Helper()
	for _, r := range s.fleet.Regions() {
		if replica, err := s.ask(r.Name, "SELECT pg_is_in_recovery()::text"); err == nil && replica == "false" {
			return r.Name
		}
	}
	s.Fatal("there is no primary")
	return ""
}

func (s *stage) ask(region, query string) (answer string, err error) {
	ctx, cancel := context.WithTimeout(s.Context(), 10*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.fleet.DSN(region))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	return answer, conn.QueryRow(ctx, query).Scan(&answer)
}

func (s *stage) nothingIsLost(region string) {
	s.Helper()
	if n := s.lostIn(region); n > 0 {
		s.Errorf("%d acknowledged rows are lost", n)
	}
}

// lostIn is how many rows that were acknowledged a server does not have.
func (s *stage) lostIn(region string) int {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	missing, acknowledged, err := s.fleet.Missing(ctx, region)
	if err != nil {
		s.Fatal(err)
	}
	s.Logf("%d rows acknowledged, %d of them not in %s", len(acknowledged), len(missing), region)
	return len(missing)
}
