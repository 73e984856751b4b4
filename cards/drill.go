package cards

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// DrillReport is a drill as a text to be kept: who, when, every step with its
// time, what writers noticed, what was slow and what is left to mend. Broken
// says why a leg that was called for never came; empty when it did.
func DrillReport(legs []rapbot.Operation, tries []rapbot.WriteTry, broken string) string {
	first, last := legs[0], legs[len(legs)-1]
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("Drill %s: %s", first.ID, verdict(legs, broken))
	line("%s to %s, asked for by %s%s", stamp(first.CreatedAt), stamp(last.EndedAt), first.Requester.Name, reasonOf(first))
	for i, leg := range legs {
		line("\nLeg %d, operation %s: %s", i+1, leg.ID, Title(leg))
		if leg.Approver != nil {
			line("  approved by %s, %s after it was asked for", leg.Approver.Name, rapbot.Duration(leg.ApprovedAt.Sub(leg.CreatedAt)))
		}
		for j, s := range leg.Steps {
			line("  %-8s %-55s %s", s.Status, leg.Plan.Steps[j].Title, rapbot.Duration(s.Ended.Sub(s.Started)))
		}
		if gap := leg.Gap(); gap > 0 {
			line("  write gap by the steps: %s", rapbot.Duration(gap))
		}
		if loss := leg.Plan.Impact.Loss; loss != nil {
			line("  loss that was accepted: %s", loss)
		}
		if lost := leg.Evidence[rapbot.EvLost]; lost != "" {
			line("  commits counted past the fork: %s", lost)
		}
		if slow := slowest(leg); slow >= 0 {
			line("  slowest step: %s, %s", leg.Plan.Steps[slow].Title, rapbot.Duration(leg.Steps[slow].Ended.Sub(leg.Steps[slow].Started)))
		}
		for _, w := range leg.Warnings() {
			line("  left to mend: %s", w)
		}
	}
	line("\n%s", writesIn(tries))
	if broken != "" {
		line("\nThe next leg was not run: %s", broken)
	}
	return b.String()
}

// DrillVerdict is a drill in a few sentences, for its thread.
func DrillVerdict(legs []rapbot.Operation, tries []rapbot.WriteTry, broken string) string {
	text := verdict(legs, broken) + ". " + writesIn(tries)
	if broken != "" {
		text += " The next leg was not run: " + broken
	}
	return text
}

func verdict(legs []rapbot.Operation, broken string) string {
	_, more := rapbot.NextLeg(legs)
	switch last := legs[len(legs)-1]; {
	case last.State != rapbot.Succeeded:
		return "ended early, leg " + fmt.Sprint(len(legs)) + " " + last.State.Is()
	case more || broken != "":
		return "ended early, the primary is not back where it was"
	}
	return "there and back"
}

// writesIn is what the tried writes show.
func writesIn(tries []rapbot.WriteTry) string {
	var took []time.Duration
	var gap time.Duration
	var before time.Time
	for i, try := range tries {
		if i > 0 && !try.Follows(tries[i-1]) {
			before = time.Time{}
		}
		if try.Region == "" {
			continue
		}
		done := try.At.Add(try.Took)
		if !before.IsZero() {
			gap = max(gap, done.Sub(before))
		}
		before = done
		took = append(took, try.Took)
	}
	if len(took) == 0 {
		return "Writes tried: none."
	}
	slices.Sort(took)
	return fmt.Sprintf("Writes tried: %d, of which %d were taken; median %s, 99 of 100 within %s; longest time without one: %s.",
		len(tries), len(took), rapbot.Duration(took[len(took)/2]), rapbot.Duration(took[len(took)*99/100]), rapbot.Duration(gap))
}

// slowest is the step that took longest, -1 when none has ended.
func slowest(o rapbot.Operation) int {
	slow, most := -1, time.Duration(-1)
	for i, s := range o.Steps {
		if took := s.Ended.Sub(s.Started); s.Status == rapbot.StepDone && took > most {
			slow, most = i, took
		}
	}
	return slow
}

func reasonOf(o rapbot.Operation) string {
	if o.Reason == "" {
		return ""
	}
	return ": " + o.Reason
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
