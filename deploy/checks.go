package deploy

import (
	"fmt"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// fleetChecks are about the fleet as a whole.
func (d *Deployer) fleetChecks(s Seen, wish rapbot.Wish) []rapbot.Check {
	if wish.Install {
		return nil // there is no fleet yet
	}
	primary := rapbot.Check{Name: "One primary", Verdict: rapbot.Pass}
	p, one := s.Topology.Primary()
	switch {
	case one:
		primary.Detail = p.Name + " is the primary"
	default:
		primary.Verdict, primary.Detail = rapbot.Warn, "no single primary is seen, so its region cannot be the last one; the order is the configured one"
	}
	checks := []rapbot.Check{primary}
	for _, r := range s.Topology.Regions {
		switch {
		case r.Role == rapbot.Replica && !r.Lag.Streaming:
			checks = append(checks, rapbot.Check{Name: "Replication to " + r.Name, Verdict: rapbot.Warn, Detail: "it is not streaming"})
		case r.Role == rapbot.Replica && r.Lag.Known && r.Lag.Time > d.MaxLag:
			checks = append(checks, rapbot.Check{Name: "Replication to " + r.Name, Verdict: rapbot.Warn, Detail: fmt.Sprintf("%s behind, %s is usual at the most", rapbot.Duration(r.Lag.Time), rapbot.Duration(d.MaxLag))})
		}
	}
	return checks
}

// releaseChecks are about one release and the cluster that it is in.
func (d *Deployer) releaseChecks(s Seen, at target) []rapbot.Check {
	answers := rapbot.Check{Name: "Kubernetes of " + at.region, Verdict: rapbot.Pass, Detail: "it answers"}
	c, ok := s.cluster(at.region)
	if !ok || !c.Answered {
		answers.Verdict, answers.Detail, answers.Fix = rapbot.Fail, "no answer: "+c.Fault, "Leave the region out, or wait until /rap status shows it."
		return []rapbot.Check{answers}
	}
	checks := []rapbot.Check{answers, d.acceptedCheck(s.looks[at], at), d.healthCheck(c.Of(at.part), at)}
	return append(checks, keptChecks(s.kept[at], s.looks[at], at)...)
}

// keptChecks are whether whoever keeps the release in Helm's place does its work.
func keptChecks(k kept, l look, at target) []rapbot.Check {
	check := rapbot.Check{Name: k.By + " in " + at.region, Verdict: rapbot.Pass, Detail: k.Says}
	switch {
	case l.err != nil || l.preview.Release.Revision == 0:
		return nil // said already, or there is nothing yet
	case k.err != nil:
		check.Name, check.Verdict, check.Detail, check.Fix = "What keeps "+at.region, rapbot.Fail, said(k.err), fixOf(k.err)
	case k.By == "":
		return nil
	case k.Idle:
		check.Verdict, check.Detail, check.Fix = rapbot.Fail, words(k.Keeping), k.Fix
	case !k.Settled:
		check.Verdict, check.Detail, check.Fix = rapbot.Warn, "not all well before anything is changed: "+words(k.Keeping), k.Fix
	}
	return []rapbot.Check{check}
}

// words are how far a keeper has come and what is in its way.
func words(k rapbot.Keeping) string { return strings.TrimSuffix(k.Says+"; "+k.Trouble, "; ") }

// acceptedCheck is whether the API server takes every object.
func (d *Deployer) acceptedCheck(l look, at target) rapbot.Check {
	check := rapbot.Check{Name: "The change in " + at.region, Verdict: rapbot.Pass, Detail: "the API server accepts every object of it"}
	switch r := l.preview.Release; {
	case l.err != nil:
		check.Verdict, check.Detail, check.Fix = rapbot.Fail, said(l.err), fixOf(l.err)
	case r.Pending():
		check.Verdict, check.Detail = rapbot.Warn, fmt.Sprintf("somebody's upgrade was cut off and left it %s at revision %d; it is put back to its last good revision first", r.Status, r.Revision)
	case r.Revision > 0 && r.Status == "failed":
		check.Verdict, check.Detail = rapbot.Warn, fmt.Sprintf("its revision %d has failed: %s", r.Revision, r.Words)
	}
	return check
}

// said is an error in the words of who refused, without rapbot's advice.
func said(err error) string {
	text := err.Error()
	if e, is := err.(*rapbot.Error); is { //nolint:errorlint // ports return their own errors as they are
		text = e.What
	}
	return strings.TrimSuffix(text, ".")
}

// fixOf is the advice of who refused.
func fixOf(err error) string {
	if e, is := err.(*rapbot.Error); is && e.Now != "" { //nolint:errorlint // ports return their own errors as they are
		return e.Now
	}
	return "Mend what it names, and ask again."
}

// healthCheck is how the pods are before anything is changed.
func (d *Deployer) healthCheck(w rapbot.Workload, at target) rapbot.Check {
	check := rapbot.Check{Name: "Pods of " + at.region, Verdict: rapbot.Pass, Detail: fmt.Sprintf("%d of %d ready", w.Ready, w.Desired)}
	switch {
	case !w.Found:
		check.Detail = at.part.Noun() + " is not there yet"
	case w.Trouble != "":
		check.Verdict, check.Detail = rapbot.Warn, check.Detail+": "+w.Trouble
	case !w.Settled:
		check.Verdict, check.Detail = rapbot.Warn, check.Detail+", a rollout is under way"
	}
	return check
}
