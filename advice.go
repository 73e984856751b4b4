package rapbot

import "slices"

// Advise names the change of primary that the fleet, as it was observed, would
// be best served by, should somebody want one: away from a primary that answers
// to a replica that is within the limits, or from a lost one to the replica that
// has most of its log. About are regions that are complained about, which are
// named last. The last sampled primary settles which one is lost. It decides
// nothing, and a plan for it may still fail its checks.
//
// While the primary answers, what is within the limits is equally good, and the
// first configured is named: a few bytes more or less change from look to look,
// and what is named must still be named when somebody has read it.
func Advise(t Topology, limits Limits, about []string, sampled string) (Wish, bool) {
	if len(t.withRole(Primary)) > 1 {
		return Wish{}, false // two primaries are not mended by a third
	}
	if p, one := t.Primary(); one {
		target, ok := goodStandby(t, p, limits, about)
		return Wish{Kind: Switchover, Region: target.Name}, ok
	}
	lost, ok := t.Lost(sampled)
	if !ok {
		return Wish{}, false
	}
	var target Region // tells the cluster when the lost primary was never seen
	if replicas := t.withRole(Replica); len(replicas) > 0 {
		target = replicas[0]
	}
	best := MostAdvanced(t, lost, target)
	return Wish{Kind: Failover, Region: best.Name}, best.Name != ""
}

// goodStandby is a replica that streams from the primary: within the limits and
// not complained about, or else within the limits, or else the least behind.
func goodStandby(t Topology, primary Region, limits Limits, about []string) (best Region, found bool) {
	var least, class int64
	for _, r := range t.withRole(Replica) {
		if !r.Lag.Streaming || !r.Lag.Known || r.Server.SystemID != primary.Server.SystemID {
			continue
		}
		bytes, is := int64(0), int64(0)
		switch {
		case r.Lag.Time > limits.MaxLag || r.Lag.Bytes > limits.MaxLagBytes:
			bytes, is = r.Lag.Bytes, 2
		case slices.Contains(about, r.Name):
			is = 1
		}
		if !found || is < class || is == class && bytes < least {
			best, found, least, class = r, true, bytes, is
		}
	}
	return best, found
}
