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

func rollbackCause(o rapbot.Operation, step int) string {
	if o.StopAsked != nil {
		return o.StopAsked.Name + " asked to stop."
	}
	return fmt.Sprintf("Step %d failed (%s). %s", step+1, lowerFirst(o.Plan.Steps[step].Title), o.Steps[step].Detail)
}

// stuck is the question when the point of no return may have been passed and
// the outcome cannot be seen. Nobody else is ever promoted instead (R4).
func stuck(o rapbot.Operation, step int) string {
	return fmt.Sprintf("%s did not come to its end: %s %s No other region will be promoted. Find out whether %s is primary, mend what is in the way and press Try Again, or press Stop Here and finish by hand.",
		o.Plan.Steps[step].Title, o.Steps[step].Detail, standing(o), o.Plan.To)
}

// standing says what of the operation stands at this moment.
func standing(o rapbot.Operation) string {
	var done []string
	for i, s := range o.Steps {
		if s.Status == rapbot.StepDone && o.Plan.Steps[i].Kind != rapbot.StepCatchUp && o.Plan.Steps[i].Kind != rapbot.StepProve {
			done = append(done, lowerFirst(o.Plan.Steps[i].Title))
		}
	}
	if len(done) == 0 {
		return "Nothing else was changed."
	}
	return "Done so far and standing: " + strings.Join(done, "; ") + "."
}

func failure(o rapbot.Operation) string {
	switch {
	case o.GivenUp != nil:
		return fmt.Sprintf("%s chose to leave it where it stands. %s Finish by hand.", o.GivenUp.Name, standing(o))
	case o.RollingBack:
		return fmt.Sprintf("%s Everything was taken back: %s is the primary and accepts writes; nothing was lost.", o.Outcome, o.Plan.From)
	}
	return "It failed. " + standing(o)
}

func lowerFirst(s string) string { return strings.ToLower(s[:1]) + s[1:] }
