package bot_test

import (
	"context"
	"fmt"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// emergencyDoer carries out the steps of failovers and rejoins on the world.
type emergencyDoer struct{ fakeDoer }

func (d emergencyDoer) Observe(_ context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	w, at, from := d.w, d.w.server(run.Step.Region), d.w.server(run.Plan.From)
	f := rapbot.Finding{Detail: "not yet", Evidence: map[string]string{}}
	if why := w.broken[run.Step.Kind]; why != "" {
		f.Detail = why
		return f, nil
	}
	switch run.Step.Kind {
	case rapbot.StepFreeze:
		f.Holds = true
		for _, r := range w.regions {
			f.Holds = f.Holds && (r == from || !r.up || r.frozen)
		}
		f.Evidence[rapbot.EvFrozenAt] = w.clock.Now().Format(time.RFC3339Nano)
	case rapbot.StepFence:
		return d.fence(run, from), nil
	case rapbot.StepLevel:
		f.Holds = true
		for _, r := range w.regions {
			f.Holds = f.Holds && (r == from || !r.up || r.lsn <= at.lsn)
		}
	case rapbot.StepWeigh:
		f.Holds = at.lsn-rapbot.LSN(at.behind) >= run.Plan.Impact.Loss.From
	case rapbot.StepSlots, rapbot.StepAnchor:
		f.Holds = w.marker[d.key(run)]
		f.Evidence[rapbot.EvNewTimeline] = fmt.Sprint(at.timeline)
	case rapbot.StepHalt:
		f.Holds = !from.up
	case rapbot.StepSalvage:
		f.Holds = true
		f.Evidence[rapbot.EvLost], f.Evidence[rapbot.EvLossBytes] = fmt.Sprint(from.own), fmt.Sprint(120*from.own)
	case rapbot.StepRebuild:
		f.Holds = w.marker[d.key(run)]
		f.Evidence[rapbot.EvMethod] = rapbot.MethodRewind
	}
	if f.Holds {
		f.Detail = ""
	}
	return f, nil
}

func (d emergencyDoer) fence(run rapbot.StepRun, from *fakeServer) rapbot.Finding {
	accepted := run.Evidence[rapbot.EvAccepted(rapbot.StepFence)]
	frozen, _ := time.Parse(time.RFC3339Nano, run.Evidence[rapbot.EvFrozenAt])
	switch {
	case !from.silent:
		return rapbot.Finding{Holds: !from.up, Evidence: map[string]string{rapbot.EvFence: rapbot.FenceConfirmed, rapbot.EvFencedBy: "its instance: stopped"}}
	case accepted != "":
		return rapbot.Finding{Holds: true, Evidence: map[string]string{rapbot.EvFence: rapbot.FenceUnconfirmed, rapbot.EvFencedBy: "its instance: cannot tell; accepted by " + accepted}}
	case d.w.noGate:
		return rapbot.Finding{Risk: from.name + " could not be fenced: its instance cannot be reached, and it has no boot gate. If it still takes writes, there will be two primaries. Nothing is promoted yet. Accept that risk, or roll back."}
	case d.w.clock.Now().Before(frozen.Add(40 * time.Second)):
		return rapbot.Finding{Detail: "stops by itself by " + frozen.Add(40*time.Second).Format("15:04:05")}
	}
	return rapbot.Finding{Holds: true, Evidence: map[string]string{rapbot.EvFence: rapbot.FenceAssumed, rapbot.EvFencedBy: "its boot gate: the 30 s after which it stops by itself are over"}}
}

func (d emergencyDoer) Act(_ context.Context, run rapbot.StepRun) error {
	w, at, from := d.w, d.w.server(run.Step.Region), d.w.server(run.Plan.From)
	d.die("during", run)
	w.calls = append(w.calls, string(run.Step.Kind))
	w.clock.add(50 * time.Millisecond)
	switch run.Step.Kind {
	case rapbot.StepFreeze:
		for _, r := range w.regions {
			r.frozen = r != from && r.up && r.recovery
		}
	case rapbot.StepFence, rapbot.StepHalt:
		if !from.silent {
			from.up = false
		}
	case rapbot.StepLevel:
		for _, r := range w.regions {
			if r != from && r.up {
				at.lsn = max(at.lsn, r.lsn)
			}
		}
	case rapbot.StepWeigh:
		return &rapbot.Error{Code: rapbot.Stale, What: fmt.Sprintf("%s ends at %s, the loss was reckoned from %s.", at.name, at.lsn-rapbot.LSN(at.behind), run.Plan.Impact.Loss.From)}
	case rapbot.StepSlots, rapbot.StepAnchor:
		w.marker[d.key(run)] = true
	case rapbot.StepRebuild:
		w.marker[d.key(run)] = true
		from.own, from.recovery = 0, true
	}
	if change, planned := w.when[run.Step.Kind]; planned {
		delete(w.when, run.Step.Kind)
		if err := w.change(change); err != nil {
			return err
		}
	}
	d.die("after", run)
	return nil
}

func (d emergencyDoer) Undo(_ context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	d.die("undoing", run)
	if run.Step.Kind == rapbot.StepFreeze {
		for _, r := range d.w.regions {
			r.frozen = r.frozen && !r.up
		}
	}
	return rapbot.Finding{Holds: true}, nil
}

// instance is what runs a region's server, as a witness.
func (w *world) instance(_ context.Context, region string) *rapbot.Witness {
	if w.meanwhile != nil {
		w.meanwhile()
	}
	switch r := w.server(region); {
	case r.silent:
		return &rapbot.Witness{Name: "its instance", Says: rapbot.Dark, Sees: "the status command gives no answer"}
	case r.up:
		return &rapbot.Witness{Name: "its instance", Says: rapbot.Alive, Sees: "running"}
	}
	return &rapbot.Witness{Name: "its instance", Says: rapbot.Dead, Sees: "stopped"}
}

// volume is a stopped server's data.
type volume struct {
	w *world
	r *fakeServer
}

func (w *world) volumes() map[string]rapbot.Volume {
	out := map[string]rapbot.Volume{}
	for _, r := range w.regions {
		out[r.name] = volume{w, r}
	}
	return out
}

func (v volume) Divergence(_ context.Context, source string, from rapbot.LSN) (rapbot.Divergence, error) {
	switch {
	case v.r.silent || v.r.sealed:
		return rapbot.Divergence{}, &rapbot.Error{Code: rapbot.Unavailable, What: "the divergence command gives no answer"}
	case v.r.up:
		return rapbot.Divergence{}, rapbot.Refuse(rapbot.Precondition, v.r.name+" runs.", "")
	}
	if from == 0 {
		from = v.w.server(source).lsn
	}
	const commit = 120 // bytes of log
	end := max(from, v.r.lsn) + rapbot.LSN(v.r.own*commit)
	d := rapbot.Divergence{SystemID: "7000000000000000001", Timeline: v.r.timeline, Fork: from, End: end, Related: true, Commits: int(end-from) / commit}
	if d.Commits > 0 {
		d.Saved = "/var/lib/rap/lost/1-" + from.String()
	}
	return d, nil
}

func (v volume) Rewind(context.Context, string) error { return nil }

func (v volume) Rebuild(context.Context, string, func(done, total int64)) error { return nil }
