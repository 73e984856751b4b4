package monitor

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.yaml.in/yaml/v4"

	"github.com/rap-analyzer/rapbot/charts"
	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// asker asks what the exporters ask, as the login that they have.
type asker struct {
	*testing.T
	queries map[string]struct {
		Query string `yaml:"query"`
	}
	password string
}

// row is the one row of a query by its columns; nil when there is none or when
// the server gives no answer.
func (a asker) row(s *regions.Server, query string) map[string]any {
	ctx, cancel := context.WithTimeout(a.Context(), 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, fmt.Sprintf("postgres://monitor:%s@127.0.0.1:%d/%s?sslmode=disable", a.password, s.Port, regions.Database))
	if err != nil {
		return nil
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, a.queries[query].Query)
	if err != nil {
		return nil
	}
	row, err := pgx.CollectOneRow(rows, pgx.RowToMap)
	if err != nil {
		return nil
	}
	return row
}

// becomes waits for a lag within bounds, of a replica that streams or not.
func (a asker) becomes(what string, s *regions.Server, least, most float64, streaming int32) {
	a.Helper()
	ctx, cancel := context.WithTimeout(a.Context(), time.Minute)
	defer cancel()
	var last map[string]any
	err := wait.Until(ctx, 100*time.Millisecond, func() bool {
		last = a.row(s, "rap_replication")
		lag, known := last["lag_seconds"].(float64)
		return known && lag >= least && lag <= most && last["streaming"] == streaming
	})
	if err != nil {
		a.Fatalf("%s: %v", what, last)
	}
}

// TestQueries asks real servers. The primary is idle for the most part: that
// alone must not make its replica look late, and everything that does make it
// late must show, also what PostgreSQL itself does not notice.
func TestQueries(t *testing.T) {
	fleet, err := regions.Start(t.Context(), regions.Options{Names: []string{"us-east-1", "us-west-2"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fleet.Close(); err != nil {
			t.Error(err)
		}
	})
	a := asker{T: t, password: "monitor-of-the-lab"}
	if err := yaml.Unmarshal([]byte(charts.ExporterQueries), &a.queries); err != nil {
		t.Fatal(err)
	}
	primary, replica := fleet.Region("us-east-1"), fleet.Region("us-west-2")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func() {
		_, err := fleet.Burn(t.Context(), 1)
		must(err)
	}
	must(makeLogin(t.Context(), primary.DSN(regions.Admin), a.password))
	const late, early, streams, severed = 7, 5, 1, 0 // an idle primary is heard of each 2.5 s
	a.becomes("healthy", replica, 0, early, streams)

	if row := a.row(primary, "rap_replication"); row != nil {
		t.Errorf("the primary has a lag: %v", row)
	}
	if role := a.row(primary, "rap_postgres"); role["replica"] != int32(0) {
		t.Errorf("the primary's role is %v", role)
	}
	if role := a.row(replica, "rap_postgres"); role["replica"] != int32(1) {
		t.Errorf("the replica's role is %v", role)
	}
	slot := a.row(primary, "rap_replication_slot")
	if slot["slot_name"] != replica.Slot || slot["active"] != int32(1) || slot["lost"] != int32(0) {
		t.Errorf("the slot is %v", slot)
	}
	if position, has := a.row(primary, "rap_replication_primary")["position_bytes"].(float64); !has || position <= 0 {
		t.Errorf("the primary's position is %v", position)
	}

	must(replica.Freeze()) // and nothing is written: it has replayed all that it received
	a.becomes("its receiver hangs", replica, late, 1000, streams)
	must(replica.Thaw())
	a.becomes("its receiver goes on", replica, 0, early, streams)

	must(replica.PauseReplay(t.Context()))
	write()
	a.becomes("replay is paused", replica, late, 1000, streams)
	must(replica.ResumeReplay(t.Context()))
	a.becomes("replay goes on", replica, 0, early, streams)

	must(primary.Stop(t.Context()))
	a.becomes("the primary is gone", replica, late, 1000, severed)
}
