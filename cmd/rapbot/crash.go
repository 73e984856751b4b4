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

// instrument puts two things into the steps that only builds for tests have.
//
// RAPBOT_CRASH makes this process die by SIGKILL at one point of one step:
// "before stop", "during stop", "after stop", "undoing stop".
//
// RAPBOT_REFUSE names a step that finds that it must not act, so that the
// operation turns around there.
func instrument(doers map[rapbot.StepKind]rapbot.Doer) map[rapbot.StepKind]rapbot.Doer {
	point, mortalStep, _ := strings.Cut(os.Getenv("RAPBOT_CRASH"), " ")
	out := map[rapbot.StepKind]rapbot.Doer{}
	for kind, doer := range doers {
		if string(kind) == os.Getenv("RAPBOT_REFUSE") {
			doer = unwilling{doer}
		}
		if string(kind) == mortalStep {
			doer = mortal{doer, point}
		}
		out[kind] = doer
	}
	return out
}

type unwilling struct{ rapbot.Doer }

func (unwilling) Observe(context.Context, rapbot.StepRun) (rapbot.Finding, error) {
	return rapbot.Finding{Detail: "a test wants it to be refused"}, nil
}

func (unwilling) Act(context.Context, rapbot.StepRun) error {
	return rapbot.Refuse(rapbot.Precondition, "A test wants this to be refused.", "Nothing.")
}

type mortal struct {
	rapbot.Doer
	point string
}

// looking are the steps that have nothing to do but to look.
var looking = map[rapbot.StepKind]bool{rapbot.StepProve: true, rapbot.StepFollow: true, rapbot.StepWeigh: true, rapbot.StepSalvage: true}

// Observe is where a step begins: its start is in the journal and nothing has
// been done. A step that holds already is over with its first look, so that is
// all that can be interrupted of it.
func (m mortal) Observe(ctx context.Context, run rapbot.StepRun) (rapbot.Finding, error) {
	if m.point == "before" {
		die()
	}
	if m.point == "during" && looking[run.Step.Kind] {
		time.AfterFunc(time.Millisecond, die)
	}
	f, err := m.Doer.Observe(ctx, run)
	if (m.point == "after" || m.point == "during") && f.Holds {
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
