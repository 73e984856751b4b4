package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// witnessTime is how long what runs a server may take to say whether it runs.
const witnessTime = 2 * time.Second

// InstanceWitness is what runs a region's server, as one that can tell whether
// it lives; nil when rapbot has not been told how to ask.
func (f *Fleet) InstanceWitness(ctx context.Context, name string) *rapbot.Witness {
	instance, err := f.instance(name)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, witnessTime)
	defer cancel()
	running, err := instance.Running(ctx)
	w := rapbot.Witness{Name: "its instance"}
	switch {
	case err != nil:
		w.Says, w.Sees = rapbot.Dark, strings.TrimSuffix(what(err), ".")
	case running:
		w.Says, w.Sees, w.At = rapbot.Alive, "it runs", f.opt.Clock.Now()
	default:
		w.Says, w.Sees = rapbot.Dead, "it is stopped"
	}
	return &w
}
