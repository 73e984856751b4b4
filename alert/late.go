package alert

import "time"

// The Alertmanagers of a pair notify each on their own, so that a delivery can
// arrive after one that was made later. Nothing in a delivery says when it was
// made; what its alerts say of their beginnings and ends must do.
//
//	known of the alert       a delivery says       that is
//	resolved, ended at 3     fires since 5         news: it began after that end
//	resolved, ended at 3     fires since 1         doubtful
//	fires since 5            resolved, ended at 3  late: that end is of an earlier time
//	fires since 1            resolved, ended at 3  news: it ended
//
// The doubtful one is late nearly always: a rule that fires again has a new
// beginning. But an Alertmanager that had heard nothing for a while resolves by
// itself, and when it hears again of the same alert the beginning is the old
// one. Dropping that would hide an alert until Alertmanager repeats it, hours
// later, and believing the other would fire falsely. So it is held: a late one
// is put right by its own Alertmanager, which at its next turn says that the
// group is resolved; what stands unopposed for DoubtFor is true.

// DoubtFor is how long a doubtful delivery is held: a little more than
// Alertmanager's usual group_interval and the time that it lets its peers go
// first.
const DoubtFor = 6 * time.Minute

type lateness int

const (
	news     lateness = iota
	late              // nothing in it is newer than what is known
	doubtful          // the same, unless it began to fire again
)

// lateness judges a delivery by what is known of its alerts. It is late only
// when something in it is out of date and nothing in it is new.
func (g Group) lateness(d Delivery) lateness {
	known := make(map[string]Alert, len(g.Firing))
	for _, a := range g.Firing {
		known[a.Fingerprint] = a
	}
	judged := news
	for _, a := range d.Alerts {
		before, is := known[a.Fingerprint]
		switch fires := a.Status == "firing"; {
		case !is:
			return news
		case fires && before.Status == "firing":
			if a.StartsAt.After(before.StartsAt) {
				return news
			}
		case fires:
			if d.ReceivedAt.Sub(g.Latest.ReceivedAt) >= DoubtFor || !beganBefore(a, before, g.Latest.ReceivedAt) {
				return news
			}
			judged = doubtful
		case before.Status == "firing":
			if a.EndsAt.IsZero() || before.StartsAt.IsZero() || a.EndsAt.After(before.StartsAt) {
				return news
			}
			judged = max(judged, late)
		}
	}
	return judged
}

// beganBefore reports whether a began no later than the known alert ended. Some
// senders write an end that is still to come; it ended when that was told.
func beganBefore(a, known Alert, told time.Time) bool {
	end := known.EndsAt
	if end.IsZero() || end.After(told) {
		end = told
	}
	return !a.StartsAt.After(known.StartsAt) || a.StartsAt.Before(end)
}

// Due reports whether the delivery that is held has stood unopposed for long
// enough.
func (g Group) Due(now time.Time) bool {
	return g.Held != nil && now.Sub(g.Latest.ReceivedAt) >= DoubtFor && now.Sub(g.Held.ReceivedAt) >= DoubtFor
}

// Unopposed is the held delivery as it is accepted once more when it is due: as
// another one, received now.
func (g Group) Unopposed(now time.Time) Delivery {
	d := *g.Held
	d.ID, d.Key, d.ReceivedAt = 0, d.Key+" unopposed", now
	return d
}

// joined reports whether something fires in the delivery that is not known to.
func (g Group) joined(d Delivery) bool {
	fires := make(map[string]bool, len(g.Firing))
	for _, a := range g.Firing {
		fires[a.Fingerprint] = a.Status == "firing"
	}
	for _, a := range d.Alerts {
		if a.Status == "firing" && !fires[a.Fingerprint] {
			return true
		}
	}
	return false
}

// WaitingSince is since when the group waits for somebody to acknowledge it, by
// rapbot's clock: when it began to fire the last time, or when something joined
// what was acknowledged.
func (g Group) WaitingSince() time.Time {
	if g.Since.IsZero() {
		return g.FirstSeen // kept by a rapbot that did not write it down
	}
	return g.Since
}

// Critical reports whether something that fires is of the worst severity.
func (g Group) Critical() bool {
	for _, a := range g.Latest.Alerts {
		if a.Status == "firing" && SeverityRank(a.Labels["severity"]) == 0 {
			return true
		}
	}
	return false
}
