package bot

import (
	"errors"
	"fmt"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// firstBeat is what happened, without what follows from it.
func firstBeat(err error) string {
	var e *rapbot.Error
	if errors.As(err, &e) {
		return e.What
	}
	return "Something broke inside rapbot."
}

// failureText is what people are told of a failed step. Errors of ours are
// sentences; others are shown as they are, since adapters keep secrets out.
func failureText(err error) string {
	var e *rapbot.Error
	if errors.As(err, &e) {
		return sentence(e.What)
	}
	return sentence(err.Error())
}

// sentence begins s with a capital, unless its first word is a name such as
// us-west-2, and ends it with a full stop.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	first, _, _ := strings.Cut(s, " ")
	if !strings.ContainsAny(first, "-_0123456789") {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}

// success is how an operation ended that reached its goal.
func success(o rapbot.Operation) string {
	if o.Plan.Kind.OfReleases() {
		return deployed(o)
	}
	switch o.Plan.Kind {
	case rapbot.Failover:
		if o.Plan.Impact.Loss.None() {
			return "Nothing that was acknowledged is lost: counted in the log of " + o.Plan.From + "."
		}
		return "The loss that was accepted: " + o.Plan.Impact.Loss.String() + "."
	case rapbot.Rejoin:
		return fmt.Sprintf("%s follows %s again%s. Thrown away: %s.", o.Plan.From, o.Plan.To, by(o.Evidence[rapbot.EvMethod]), o.Plan.Impact.Discard)
	}
	return o.Plan.Proof().Promise()
}

// by is a method of rejoining within a sentence.
func by(method string) string {
	switch method {
	case rapbot.MethodStraight:
		return " with its data as they were"
	case rapbot.MethodRewind:
		return " by pg_rewind"
	case rapbot.MethodRebuild:
		return " from a new base backup"
	}
	return ""
}

func rollbackCause(o rapbot.Operation, step int) string {
	if o.StopAsked != nil {
		return o.StopAsked.Name + " asked to stop."
	}
	return fmt.Sprintf("Step %d failed (%s). %s", step+1, lowerFirst(o.Plan.Steps[step].Title), o.Steps[step].Detail)
}

// stuck is the question when the point of no return may have been passed and
// the outcome cannot be seen. Nobody else is ever promoted instead (R4).
func stuck(o rapbot.Operation, step int) string {
	if o.Plan.Kind.OfReleases() {
		return fmt.Sprintf("%s did not come to its end: %s %s Mend what is in the way and press Try Again, or press Stop Here and finish by hand.",
			o.Plan.Steps[step].Title, o.Steps[step].Detail, standing(o))
	}
	if o.Plan.Kind == rapbot.Rejoin {
		return fmt.Sprintf("%s did not come to its end: %s %s %s is not touched by this. Mend what is in the way and press Try Again, or press Stop Here and finish by hand.",
			o.Plan.Steps[step].Title, o.Steps[step].Detail, standing(o), o.Plan.To)
	}
	return fmt.Sprintf("%s did not come to its end: %s %s No other region will be promoted. Find out whether %s is primary, mend what is in the way and press Try Again, or press Stop Here and finish by hand.",
		o.Plan.Steps[step].Title, o.Steps[step].Detail, standing(o), o.Plan.To)
}

// standing says what of the operation stands at this moment.
func standing(o rapbot.Operation) string {
	var done []string
	for i, s := range o.Steps {
		if s.Status == rapbot.StepDone && !o.RollingBack && !looksOnly(o.Plan.Steps[i].Kind) {
			title := lowerFirst(o.Plan.Steps[i].Title)
			if how := o.Evidence[rapbot.EvFence]; how != "" && o.Plan.Steps[i].Kind == rapbot.StepFence {
				title += " (" + how + ")"
			}
			done = append(done, title)
		}
	}
	var back []string
	for i, s := range o.Steps {
		if s.Status == rapbot.StepUndone {
			back = append(back, o.Plan.Steps[i].Undo)
		}
	}
	switch {
	case len(back) > 0:
		return "Taken back so far: " + strings.Join(back, "; ") + "."
	case o.RollingBack:
		return "Nothing has been taken back yet."
	case len(done) == 0:
		return "Nothing else was changed."
	}
	return "Done so far and standing: " + strings.Join(done, "; ") + "."
}

// looksOnly reports whether a step changes nothing that would be left standing.
func looksOnly(kind rapbot.StepKind) bool {
	switch kind {
	case rapbot.StepGate, rapbot.StepCatchUp, rapbot.StepProve, rapbot.StepWeigh, rapbot.StepLevel, rapbot.StepAnchor, rapbot.StepSalvage:
		return true
	}
	return false
}

// failure is how an operation ended that did not reach its goal.
func failure(o rapbot.Operation) string {
	text := "It failed. " + standing(o)
	switch {
	case o.GivenUp != nil:
		text = fmt.Sprintf("%s chose to leave it where it stands. %s Finish by hand.", o.GivenUp.Name, standing(o))
	case o.RollingBack:
		text = o.Outcome + " " + takenBack(o)
	}
	return text
}

// takenBack says what came of rolling back: what is left to mend, and what was
// stopped and is not started again, because nobody knows whether it may be.
func takenBack(o rapbot.Operation) string {
	if o.Plan.Kind != rapbot.Switchover && !o.Plan.Kind.OfReleases() {
		for i, s := range o.Steps {
			switch kind := o.Plan.Steps[i].Kind; {
			case kind == rapbot.StepFence && s.Status == rapbot.StepDone && !s.Unchanged,
				kind == rapbot.StepHalt && s.Status == rapbot.StepUndone && o.Plan.Fact(o.Plan.From) == string(rapbot.Primary):
				return "What can be taken back was; " + o.Plan.From + " was stopped and stays so." + leftToMend(o)
			case kind == rapbot.StepFence && s.Status == rapbot.StepFailed && !s.Refused:
				return "What can be taken back was; " + o.Plan.From + " may have been stopped." + leftToMend(o)
			}
		}
	}
	if left := leftToMend(o); left != "" {
		return "It was taken back, with something left to mend." + left
	}
	return "Everything was taken back."
}

func leftToMend(o rapbot.Operation) string {
	var left strings.Builder
	for _, w := range o.Warnings() {
		left.WriteString(" " + w)
	}
	return left.String()
}

// primaryNow says in a sentence whether writes are accepted, and where. Who is
// primary is observed and not concluded (R7).
func primaryNow(t rapbot.Topology) string {
	p, one := t.Primary()
	switch {
	case one && !p.Server.ReadOnly:
		return p.Name + " is the primary and accepts writes."
	case one:
		return p.Name + " is the primary and refuses writes: it is read-only."
	}
	if c := t.Contradictions(); len(c) > 0 {
		return c[0] + " Run /rap status."
	}
	return "Run /rap status."
}

func lapse(o rapbot.Operation) string {
	if o.State == rapbot.Approved {
		return "It was approved but could not start in time. " + o.Unchanged()
	}
	return "Nobody answered in time. " + o.Unchanged()
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
