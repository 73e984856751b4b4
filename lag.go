package rapbot

import (
	"context"
	"slices"
	"strings"
	"time"
)

// KeepSamples is how long it is known where the regions stood.
const KeepSamples = 24 * time.Hour

// LagHistory knows how far the replicas were behind in the past.
type LagHistory interface {
	// Source names it for people, such as Prometheus.
	Source() string
	// Lag returns a series of every region that was a replica at any moment of
	// [from, to), in any order; in bytes, or in time. None without an error means
	// that nothing is known of that time. Code Unavailable when it cannot be asked.
	Lag(ctx context.Context, from, to time.Time, bytes bool) ([]LagSeries, error)
}

// LagSeries is how far one region was behind over a time.
type LagSeries struct {
	Region string
	Points []LagPoint // oldest first
}

// LagPoint is how far behind a region was at one moment.
type LagPoint struct {
	At    time.Time
	Value float64 // seconds, or bytes; nothing when Gap
	Gap   bool    // from here to the next point nothing is known
}

// LagReport is what was found of a time, and where.
type LagReport struct {
	From, To  time.Time
	Bytes     bool        // what the values are; seconds otherwise
	Series    []LagSeries // in configured order
	Source    string      // empty when nothing was found
	Trouble   []string    // sentences: what was asked first, and why it did not do
	Threshold float64     // that the values are held against; 0 for none
	Limit     string      // what the threshold is
}

// Latest is the newest point, and the worst of those that are known. Found is
// false when none is.
func (s LagSeries) Latest() (latest, worst LagPoint, found bool) {
	for _, p := range s.Points {
		if !p.Gap && (!found || p.Value > worst.Value) {
			worst, found = p, true
		}
		latest = p
	}
	return latest, worst, found
}

// Unknown is for how long of [from, to) nothing is known.
func (s LagSeries) Unknown(from, to time.Time) time.Duration {
	var unknown time.Duration
	since, gap := from, true
	for _, p := range s.Points {
		if gap {
			unknown += p.At.Sub(since)
		}
		since, gap = p.At, p.Gap
	}
	if gap {
		unknown += max(0, to.Sub(since))
	}
	return unknown
}

// Beyond reports whether a value is past the threshold.
func (r LagReport) Beyond(value float64) bool { return r.Threshold > 0 && value > r.Threshold }

// LagMeter reads lags off samples, which it takes one by one, oldest first. It
// keeps the worst lag of each stretch of time, so that no peak is lost, and
// forgets the rest: a day of samples costs no more memory than an hour.
//
// A replica's lag in time is what Lag.Time is: the age, by the primary's clock,
// of the newest heartbeat that it has. It is known while the primary's clock
// is: for a while after each sample of the primary.
type LagMeter struct {
	from, to time.Time
	width    time.Duration // of a stretch
	patience time.Duration // for how long a sample tells of the time after it
	bytes    bool

	round   []Sample // of one moment
	primary Sample
	was     time.Time                // when the primary stood there, by rapbot's clock
	fastest map[string]time.Duration // that an answer took, by region; wrong by what the clocks differ, which cancels out
	regions map[string]*lagLine
}

// lagLine is one region's part of a LagMeter.
type lagLine struct {
	points  []LagPoint
	stretch int64     // number of the one that is under way
	worst   *LagPoint // in it; nil while nothing is known of it
	seen    time.Time // of the newest lag that is known
	replica bool      // at any time
}

// stretches is into how many a meter divides its time.
const stretches = 720

// NewLagMeter makes a meter for [from, to). Every is the usual pause between
// two samples of a region.
func NewLagMeter(from, to time.Time, every time.Duration, bytes bool) *LagMeter {
	return &LagMeter{
		from: from, to: to, width: max(time.Second, to.Sub(from)/stretches), patience: max(longestLook, 3*every), bytes: bytes,
		fastest: map[string]time.Duration{}, regions: map[string]*lagLine{},
	}
}

// Take takes the next sample. Of those of the same moment, primaries count
// first.
func (m *LagMeter) Take(s Sample) {
	if len(m.round) > 0 && !m.round[0].At.Equal(s.At) {
		m.endRound()
	}
	m.round = append(m.round, s)
}

func (m *LagMeter) endRound() {
	for _, s := range m.round {
		if s.Role == Primary && (s.Timeline >= m.primary.Timeline || s.At.Sub(m.primary.At) > m.patience) {
			m.primary, m.was = s, m.wasAt(s)
		}
	}
	for _, s := range m.round {
		m.take(s)
	}
	m.round = m.round[:0]
}

func (m *LagMeter) take(s Sample) {
	if s.At.Before(m.from) || !s.At.Before(m.to) {
		return
	}
	line := m.regions[s.Region]
	if line == nil {
		line = &lagLine{stretch: -1}
		m.regions[s.Region] = line
	}
	line.turn(int64(s.At.Sub(m.from) / m.width))
	value, known := m.lag(s, m.wasAt(s))
	switch {
	case !known:
		line.gap(s.At)
		return
	case !line.seen.IsZero() && s.At.Sub(line.seen) > m.patience:
		line.gap(line.seen.Add(time.Nanosecond))
	}
	line.replica, line.seen = true, s.At
	if line.worst == nil || value > line.worst.Value {
		line.worst = &LagPoint{At: s.At, Value: value}
	}
}

// wasAt is the function of that name, for samples that come one by one. An
// answer that takes longer than any does by itself is a clock that was set.
func (m *LagMeter) wasAt(s Sample) time.Time {
	took := s.At.Sub(s.Clock)
	fastest, known := m.fastest[s.Region]
	if !known || took < fastest || took-fastest > longestLook {
		fastest = took
	}
	if !s.Refused() {
		m.fastest[s.Region] = fastest
	}
	return s.At.Add(fastest - took)
}

// lag is how far behind the primary a replica was when it was seen.
func (m *LagMeter) lag(s Sample, was time.Time) (value float64, known bool) {
	if s.Role != Replica || m.primary.At.IsZero() || s.At.Sub(m.primary.At) > m.patience {
		return 0, false
	}
	behind := m.primary.Position.BytesPast(s.Replay)
	caughtUp := behind == 0 && s.Replay != 0 // with what the primary had when it was seen, which was not now
	since := max(0, was.Sub(m.was))
	age := max(0, m.primary.Clock.Add(since).Sub(s.Heartbeat))
	switch {
	case m.bytes:
		return float64(behind), s.Replay != 0 && m.primary.Position != 0
	case caughtUp && (s.Heartbeat.IsZero() || since < age):
		return since.Seconds(), true
	}
	return age.Seconds(), !s.Heartbeat.IsZero()
}

// turn ends the stretch under way when another has begun.
func (l *lagLine) turn(to int64) {
	if to == l.stretch {
		return
	}
	l.flush()
	l.stretch = to
}

func (l *lagLine) flush() {
	if l.worst != nil {
		l.points = append(l.points, *l.worst)
		l.worst = nil
	}
}

// gap notes that nothing is known from that time on. What is known of the same
// stretch stays: it came before.
func (l *lagLine) gap(at time.Time) {
	l.flush()
	if n := len(l.points); n == 0 || !l.points[n-1].Gap {
		l.points = append(l.points, LagPoint{At: at, Gap: true})
	}
	l.seen = time.Time{}
}

// Series are the lags of every region that was a replica. A region that is
// silent at the end has a gap there.
func (m *LagMeter) Series() []LagSeries {
	m.endRound()
	var out []LagSeries
	for name, line := range m.regions {
		line.flush()
		if !line.replica {
			continue
		}
		if m.to.Sub(line.seen) > m.patience && !line.seen.IsZero() {
			line.gap(line.seen.Add(time.Nanosecond))
		}
		out = append(out, LagSeries{Region: name, Points: line.points})
	}
	slices.SortFunc(out, func(a, b LagSeries) int { return strings.Compare(a.Region, b.Region) })
	return out
}
