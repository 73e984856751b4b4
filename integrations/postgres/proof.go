package postgres

import (
	"context"
	_ "embed" // the question
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot"
)

//go:embed proof.sql
var proofSQL string

// proof is the end of a replica's own log (R5).
type proof struct {
	replica  bool
	systemID string
	replay   rapbot.LSN
	record   string     // type of the last record replayed; empty when there is none after the marker
	end      rapbot.LSN // where it ends
	timeline uint32     // for a checkpoint, the timeline that its writer was on
}

// proofOf reads the end of a region's log, after the marker.
func (f *Fleet) proofOf(ctx context.Context, name string, marker rapbot.LSN) (p proof, err error) {
	err = f.on(ctx, name, func(ctx context.Context, conn *pgx.Conn) error {
		var replay, end string
		err := conn.QueryRow(ctx, proofSQL, marker.String()).Scan(&p.replica, &p.systemID, &replay, &p.record, &end, &p.timeline)
		if err != nil {
			return err
		}
		if p.replay, err = rapbot.ParseLSN(replay); err != nil {
			return err
		}
		return p.end.UnmarshalText([]byte(end))
	})
	return p, err
}

// gap says what of the proof is missing; empty when nothing is. The last thing
// that a server writes before it ends cleanly is a checkpoint of that type. If
// it is also the last thing that the target has replayed, then nothing that
// the old primary ever wrote is missing, whatever any exit code said.
func (p proof) gap(plan rapbot.Plan) string {
	switch {
	case p.systemID != plan.Fact(rapbot.FactSystem):
		return "it belongs to another cluster"
	case p.record == "":
		return fmt.Sprintf("nothing came after the marker, up to %s", p.replay)
	case p.record != "CHECKPOINT_SHUTDOWN":
		return fmt.Sprintf("its last record is %s, up to %s, and not the shutdown checkpoint of %s", p.record, p.replay, plan.From)
	case p.end != p.replay:
		return fmt.Sprintf("the shutdown checkpoint ends at %s, but it has replayed up to %s", p.end, p.replay)
	case p.timeline != plannedTimeline(plan):
		return fmt.Sprintf("the shutdown checkpoint is of timeline %d, the plan was made on %d", p.timeline, plannedTimeline(plan))
	}
	return ""
}

// markerOf is the position that catch-up has put in evidence.
func markerOf(run rapbot.StepRun) (rapbot.LSN, error) {
	marker, err := rapbot.ParseLSN(run.Evidence[rapbot.EvMarker])
	if err != nil || marker == 0 {
		return 0, notNow("There is no evidence of the last row of %s.", run.Plan.From)
	}
	return marker, nil
}
