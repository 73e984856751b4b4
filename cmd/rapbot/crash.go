//go:build crashpoints

package main

import (
	"context"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// instrument makes this process die by SIGKILL at one point of one step, which
// RAPBOT_CRASH names: "before stop", "during stop", "after stop". Only builds
// for tests have it.
func instrument(doers map[rapbot.StepKind]rapbot.Doer) map[rapbot.StepKind]rapbot.Doer {
	point, step, ok := strings.Cut(os.Getenv("RAPBOT_CRASH"), " ")
	if !ok {
		return doers
	}
	out := map[rapbot.StepKind]rapbot.Doer{}
	for kind, doer := range doers {
		if string(kind) == step {
			doer = mortal{doer, point}
		}
		out[kind] = doer
	}
	return out
}

type mortal struct {
	rapbot.Doer
	point string
}

// Observe is where a step begins: its start is in the journal and nothing has
// been done.
func (m mortal) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	if m.point == "before" {
		die()
	}
	if m.point == "during" && (run.Step.Kind == rapbot.StepProve || run.Step.Kind == rapbot.StepFollow) {
		time.AfterFunc(time.Millisecond, die) // these two have nothing to do but to look
	}
	f, err := m.Doer.Observe(ctx, run)
	if m.point == "after" && f.Holds {
		die() // done, and not yet in the journal
	}
	return f, err
}

func (m mortal) Act(ctx context.Context, run rapbot.StepRun) error {
	if m.point == "during" {
		time.AfterFunc(midAct, die)
	}
	err := m.Doer.Act(ctx, run)
	if m.point == "during" {
		die() // the act was quicker than the timer
	}
	return err
}

func (m mortal) Undo(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	if m.point == "undoing" {
		time.AfterFunc(midAct, die)
	}
	f, err := m.Doer.Undo(ctx, run)
	if m.point == "undoing" {
		die()
	}
	return f, err
}

// midAct is short enough to interrupt every act that takes more than a round
// trip.
const midAct = 4 * time.Millisecond

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
