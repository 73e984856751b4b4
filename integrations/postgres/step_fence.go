package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// fence makes as sure as can be had that the old primary takes no writes (E5).
// Every way is tried, and what came of each is evidence:
//
//  1. its instance is stopped, by the word of what runs it: confirmed;
//  2. its boot gate stops it, because it reaches no region that is not frozen,
//     and the time for that is over: assumed;
//  3. nothing shows it, and a person accepts that: unconfirmed.
//
// A server that answers is none of these, and must be stopped.
type fence struct {
	*Fleet
	nothingToUndo
}

// How long what runs a server may take, if its host may be unreachable.
const (
	wordTime = 5 * time.Second  // to say whether it runs
	stopTime = 30 * time.Second // to stop it
)

// secondWord is how long an instance that gives no word is asked again before a
// person is: one command that failed is no reason to take a risk.
const secondWord = 5 * time.Second

// oldPrimary is what is seen of it at one moment.
type oldPrimary struct {
	answers    bool
	primary    bool   // it says that it is one
	sees       string // what came of asking it
	configured bool   // there is an instance to ask
	running    bool
	err        error // why that cannot be told
}

func (d fence) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	name, known := run.Plan.From, d.notes.read(run.Operation)
	old := d.look(ctx, name)
	tried := slices.Concat([]string{"SQL: " + old.sees}, known.fence, []string{"instance: " + old.word()})
	switch {
	case old.primary && run.Plan.Fact(name) != string(rapbot.Primary):
		return rapbot.Finding{}, isBack(name)
	case old.answers:
		return awaited("%s answers, and must be stopped", name)
	case old.configured && old.err == nil && old.running:
		return awaited("%s gives no answer, but its instance says that it runs", name)
	case old.configured && old.err == nil:
		return fenced(rapbot.FenceConfirmed, tried, "%s is stopped, by the word of its instance", name)
	}
	over, gate := d.gate(run)
	tried = append(tried, "boot gate: "+gate)
	now := d.opt.Clock.Now()
	switch who := run.Evidence[rapbot.EvAccepted(rapbot.StepFence)]; {
	case !over.IsZero() && !now.Before(over):
		return fenced(rapbot.FenceAssumed, tried, "%s is assumed to be stopped: %s", name, gate)
	case !over.IsZero():
		return awaited("%s stops by itself by %s", name, over.UTC().Format("15:04:05 UTC"))
	case who != "":
		tried = append(tried, "accepted by "+who)
		return fenced(rapbot.FenceUnconfirmed, tried, "nothing shows that %s is stopped; %s has accepted that", name, who)
	}
	if old.configured && now.Sub(d.wordless(run.Operation, now)) < secondWord {
		return awaited("nothing shows yet that %s is stopped: %s", name, old.word())
	}
	return rapbot.Finding{
		Detail:   "nothing shows that " + name + " is stopped",
		Evidence: map[string]string{rapbot.EvFencedBy: strings.Join(tried, "\n")},
		Risk: fmt.Sprintf("Nothing shows that %s is stopped (%s). If it still runs, or comes back, it takes writes beside %s: two primaries, and what is written to %s is lost. "+
			"Nothing was promoted so far. Make sure that %s is off, or that nobody reaches it, and only then accept; if you cannot, stop here and the replicas receive again.",
			name, strings.Join(tried, "; "), run.Plan.To, name, name),
	}, nil
}

// wordless is since when the old primary's instance gives no word.
func (d fence) wordless(operation string, now time.Time) (since time.Time) {
	d.notes.write(operation, func(n *note) {
		if n.wordless.IsZero() {
			n.wordless = now
		}
		since = n.wordless
	})
	return since
}

func fenced(how string, tried []string, format string, args ...any) (rapbot.Finding, error) {
	return holds(map[string]string{rapbot.EvFence: how, rapbot.EvFencedBy: strings.Join(tried, "\n")}, format, args...)
}

// look asks the server and its instance at once.
func (d fence) look(ctx context.Context, name string) oldPrimary {
	var old oldPrimary
	var both sync.WaitGroup
	both.Go(func() {
		s := d.askAll(ctx, []string{name}, "")[0]
		old.answers, old.primary = spoke(s.err), s.err == nil && !s.Replica
		switch {
		case s.err == nil && s.Replica:
			old.sees = name + " answers as a replica"
		case s.err == nil:
			old.sees = name + " answers as a primary"
		default:
			old.sees = strings.TrimSuffix(what(s.err), ".")
		}
	})
	if instance, err := d.instance(name); err == nil {
		old.configured = true
		both.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, wordTime)
			defer cancel()
			old.running, old.err = instance.Running(ctx)
		})
	}
	both.Wait()
	return old
}

func (o oldPrimary) word() string {
	switch {
	case !o.configured:
		return "rapbot has not been told how to ask and stop it"
	case o.err != nil:
		return strings.TrimSuffix(what(o.err), ".")
	case o.running:
		return "it runs"
	}
	return "it is stopped"
}

// gate is when the old primary's boot gate has stopped it, zero when that
// cannot be reckoned with, and either in words. The gate goes on as long as it
// reaches any region that is not frozen, so all of them must be.
func (d fence) gate(run rapbot.StepRun) (over time.Time, words string) {
	r := d.region(run.Plan.From)
	if r == nil || r.SelfFence <= 0 {
		return time.Time{}, "it has none"
	}
	at, err := time.Parse(time.RFC3339Nano, run.Evidence[rapbot.EvFrozenAt])
	if err != nil {
		return time.Time{}, "the replicas are not frozen yet, so it may go on"
	}
	frozen := strings.Split(run.Evidence[rapbot.EvFrozen], ",")
	for _, name := range d.names(run.Plan.From) {
		if !slices.Contains(frozen, name) {
			return time.Time{}, name + " gave no answer and is not frozen, so the gate may go on with it alone"
		}
	}
	over = rapbot.Site{SelfFence: r.SelfFence}.SelfFenced(at)
	return over, fmt.Sprintf("every other region is frozen since %s, and it stops within %s without them, so by %s",
		at.UTC().Format("15:04:05 UTC"), rapbot.Duration(r.SelfFence), over.UTC().Format("15:04:05 UTC"))
}

// Act stops what runs. Where nothing can be told there is nothing to do but to
// wait for the gate or for a person.
func (d fence) Act(ctx context.Context, run rapbot.StepRun) error {
	name := run.Plan.From
	old := d.look(ctx, name)
	switch {
	case !old.configured && !old.answers:
		return nil
	case !old.configured:
		return notNow("%s, and rapbot has not been told how to stop it. Stop it by hand.", strings.TrimSuffix(old.sees, "."))
	case old.err == nil && !old.running && old.answers:
		return notNow("%s answers, but its instance is said to be stopped: what tells so looks at another server. Stop %s by hand.", name, name)
	case !old.answers && (old.err != nil || !old.running):
		return nil
	}
	instance, err := d.instance(name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, stopTime)
	defer cancel()
	if err := instance.Stop(ctx); err != nil {
		return &rapbot.Error{
			Code: rapbot.Unavailable, What: fmt.Sprintf("%s runs and could not be stopped: %s", name, what(err)),
			Now: "Stop it by hand, or cut it off so that nothing of it answers.", Err: err,
		}
	}
	d.notes.write(run.Operation, func(n *note) { n.fence = []string{"instance: it ran, and was stopped"} })
	return nil
}
