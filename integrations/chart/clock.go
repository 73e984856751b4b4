package chart

import "time"

// tick is a place on the horizontal axis.
type tick struct {
	at    time.Time
	label string
}

const day = 24 * time.Hour

// paces are the steps that people find easy to tell the time in.
var paces = []time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 50 * time.Millisecond,
	100 * time.Millisecond, 200 * time.Millisecond, 500 * time.Millisecond,
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
	day, 2 * day, 7 * day, 14 * day, 28 * day, 91 * day, 182 * day, 365 * day, 5 * 365 * day, 25 * 365 * day, 100 * 365 * day,
}

// ticks are at round times of the clock in zone, most at the most.
func (s span) ticks(most int, zone *time.Location) []tick {
	pace := paces[len(paces)-1]
	for _, p := range paces {
		if s.to.Sub(s.from)/p < time.Duration(most) {
			pace = p
			break
		}
	}
	// Truncate counts from the year 1 in UTC; the clock on the wall is what
	// should be round.
	_, offset := s.from.In(zone).Zone()
	shift := time.Duration(offset) * time.Second
	var out []tick
	for t := s.from.Add(shift).Truncate(pace).Add(-shift); !t.After(s.to); t = t.Add(pace) {
		if !t.Before(s.from) {
			out = append(out, tick{t, clock(t.In(zone), pace)})
		}
	}
	return out
}

// clock is a time with the precision of the ticks, and a day at its beginning.
func clock(t time.Time, pace time.Duration) string {
	switch {
	case pace >= 91*day:
		return t.Format("Jan 2006")
	case pace >= day, pace >= time.Minute && t.Hour() == 0 && t.Minute() == 0:
		return t.Format("Jan 2")
	case pace >= time.Minute:
		return t.Format("15:04")
	case pace >= time.Second:
		return t.Format("15:04:05")
	}
	return t.Format("15:04:05.000")
}

// date says which days the clock's times are on.
func (s span) date(zone *time.Location) string {
	const days = "2 Jan 2006"
	from, to := s.from.In(zone), s.to.In(zone)
	if from.Format(days) == to.Format(days) {
		return from.Format(days + " MST")
	}
	return from.Format(days) + " to " + to.Format(days+" MST")
}
