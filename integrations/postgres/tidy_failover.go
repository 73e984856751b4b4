package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// leftOfFailover is what a failover leaves to clean up besides what a switchover
// does, on one server.
func (s seen) leftOfFailover() []string {
	var left []string
	if s.frozen() {
		left = append(left, s.name+" is still frozen")
	}
	if s.Diverted {
		left = append(left, s.name+" still has the primary_conninfo of a moment")
	}
	for slot := range s.Slots {
		if strings.HasPrefix(slot, rapbot.FrozenSlot) {
			left = append(left, fmt.Sprintf("%s still has slot %s", s.name, slot))
		}
	}
	return left
}

// cleanAfterFailover takes all of that back.
func (d tidy) cleanAfterFailover(ctx context.Context, run rapbot.StepRun, s seen) error {
	if s.Diverted || s.frozen() {
		if err := d.unfreeze(ctx, run, s.name); err != nil {
			return err
		}
	}
	for slot, found := range s.Slots {
		if strings.HasPrefix(slot, rapbot.FrozenSlot) && !found.Active {
			if err := d.on(ctx, s.name, callSlot("SELECT rapbot.drop_slot($1)", slot)); err != nil {
				return err
			}
		}
	}
	return nil
}
