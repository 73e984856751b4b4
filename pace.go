package rapbot

import "time"

// pace is how a primary's log grew.
type pace struct {
	peak     int64  // the fastest that it wrote, in bytes a second
	told     bool   // whether the samples tell any rate at all
	switches []pair // between which it left a segment unfilled, one for each, oldest first
}

const (
	// window is the shortest time that a rate is told by, and reckoned for:
	// what fits into less fits into this.
	window = time.Second / 2

	// segment is the usual size of a segment in bytes. Where another was
	// chosen when the server was made, the starts of larger ones are starts
	// of these too, and smaller ones make no jump that matters.
	segment = 16 << 20

	// idle is what a primary of which nobody asks anything may write all the
	// same, in bytes a second: heartbeats, checkpoints, vacuum.
	idle = 64 << 10

	// switchesAtOnce bounds how many segments are taken to have been left
	// unfilled between two samples: a base backup does it when it begins and
	// when it ends, and two may be running.
	switchesAtOnce = 4
)

// paceOf reads a primary's pace off its samples, oldest first.
//
// The position of the log jumps by up to a whole segment when the rest of one
// is left unfilled, as a base backup, archive_timeout and pg_switch_wal do
// (https://www.postgresql.org/docs/current/continuous-archiving.html). Such a
// jump is no writing, and what it would be as a rate is a flood that never was.
func paceOf(history []Sample, region string) pace {
	all := pairs(history, region)
	p := pace{told: len(all) > 0}
	var calm int64 // how fast it wrote while no segment was begun; zero when that was never so
	for _, s := range all {
		if s.entered() == 0 {
			calm = max(calm, s.rate(s.bytes()), idle)
		}
	}
	var counted LSN // the last segment whose beginning is among the switches: pairs overlap where somebody looked more often
	for _, s := range all {
		if !s.switched(calm) {
			p.peak = max(p.peak, s.rate(s.bytes()))
			continue
		}
		for counted = max(counted, s.from.segment()); counted < s.to.segment(); counted++ {
			p.switches = append(p.switches, s)
		}
	}
	return p
}

// padding is how many bytes of unfilled segments a span of time may hold: as
// many as may have been in any span of that length.
func (p pace) padding(span time.Duration) int64 {
	most, oldest := 0, 0
	for i, newest := range p.switches {
		for newest.from.Clock.Sub(p.switches[oldest].to.Clock) > span {
			oldest++
		}
		most = max(most, i-oldest+1)
	}
	return int64(most) * segment
}

// pair is a primary's log at one sample and at a later one of the same
// timeline. The time between is that of the primary's own clock: the answers may
// have taken longer or shorter to arrive than what they tell of.
type pair struct{ from, to Sample }

func (p pair) time() time.Duration { return p.to.Clock.Sub(p.from.Clock) }

func (p pair) bytes() int64 { return p.to.Position.BytesPast(p.from.Position) }

// rate is that of so many bytes, per second.
func (p pair) rate(bytes int64) int64 { return int64(float64(bytes) / p.time().Seconds()) }

func (s Sample) segment() LSN { return s.Position / segment }

// entered is how many segments were begun.
func (p pair) entered() LSN { return max(p.to.segment(), p.from.segment()) - p.from.segment() }

// switched reports whether segments were left unfilled, where calm is the
// fastest rate while none was begun: it went on at that rate from the start of
// the new segment, and got there too fast for it. A flood comes to rest so close
// to a segment's start by chance alone. Where calm is zero, nothing is known to
// tell one from the other by.
func (p pair) switched(calm int64) bool {
	past := int64(p.to.Position % segment)
	return calm > 0 && p.entered() > 0 && p.entered() <= switchesAtOnce && p.rate(p.bytes()) > burst*calm && p.rate(past) <= calm
}

// pairs are a primary's samples with, each, the nearest before it that is at
// least window older. Two looks within milliseconds tell no rate: a single
// commit between them would look like a flood. They count only where nothing
// was sampled for longer.
func pairs(history []Sample, region string) []pair {
	var wide, narrow []pair
	var row []Sample // of one timeline, the ones that a later one may be held against
	for _, s := range history {
		if s.Region != region || s.Role != Primary {
			continue
		}
		if len(row) > 0 && row[0].Timeline != s.Timeline {
			row = nil
		}
		row = append(row, s)
		for len(row) > 1 && s.Clock.Sub(row[1].Clock) >= window {
			row = row[1:] // a nearer one is far enough
		}
		switch p := (pair{row[0], s}); {
		case p.time() >= window:
			wide = append(wide, p)
		case p.time() > 0:
			narrow = append(narrow, p)
		}
	}
	if len(wide) == 0 {
		return narrow
	}
	return wide
}
