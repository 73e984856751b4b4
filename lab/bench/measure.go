package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// change is one way to move the primary, planned or in an emergency. What it does between the decision and the new primary is what is measured.
type change interface {
	// prepare brings everything to where only the decision is missing, and says whither the primary will move.
	prepare(ctx context.Context) (to string, err error)
	// decide makes the decision and comes back when the change is on its way or has come to its end.
	decide(ctx context.Context) (decision, error)
	// mend brings back what an emergency has left behind, and is done when the replicas stream again.
	mend(ctx context.Context) error
}

// decision is when a change was decided upon. In an emergency something has happened before.
type decision struct {
	began  time.Time // when the primary was lost; zero when it was not
	moment time.Time
}

// side is one of those compared, in one series.
type side struct {
	name, about string
	change      change
	writer      *regions.Writer
	logFile     string // its log, if it has one to show when a run fails
	runs        int
	results     []result
}

// result is what one run came to.
type result struct {
	to                 string
	gap                time.Duration // the longest time between two acknowledged rows
	plan               time.Duration // from the loss of the primary to the decision
	decision           time.Duration // from the decision to the first row that the new primary acknowledged
	mended             time.Duration // what it took after that to make the fleet whole
	acknowledged, lost int
}

const (
	patience = 3 * time.Minute // for one run, most of it for a loaded machine
	glance   = 5 * time.Millisecond
	steady   = 300 // rows that show that the writer runs as it does between changes
)

// measure makes one run. The writer rests outside of it, so that the sides do not work against each other.
func (s *side) measure(ctx context.Context) (r result, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if r.to, err = s.change.prepare(ctx); err != nil {
		return r, err
	}
	began := time.Now()
	s.writer.Resume()
	defer s.writer.Stop()
	old, err := s.awaitSteady(ctx, began, 0)
	if err != nil {
		return r, fmt.Errorf("before the change: %w", err)
	}
	d, err := s.change.decide(ctx)
	if err != nil {
		return r, err
	}
	if _, err := s.awaitSteady(ctx, d.moment, old); err != nil {
		return r, fmt.Errorf("after the change: %w", err)
	}
	s.writer.Stop()
	acks := s.writer.AcksSince(began)
	check, err := s.writer.Check(ctx)
	if err != nil {
		return r, err
	}
	r.gap, r.decision = longestGap(acks), firstElsewhere(acks, d.moment, old).Sub(d.moment)
	r.acknowledged, r.lost = len(acks), lostOf(acks, check.Lost)
	if d.began.IsZero() {
		return r, nil
	}
	r.plan = d.moment.Sub(d.began)
	mending := time.Now()
	if err := s.change.mend(ctx); err != nil {
		return r, fmt.Errorf("mend: %w", err)
	}
	r.mended = time.Since(mending)
	return r, nil
}

// awaitSteady waits until the writer has written for a while since a moment on another server than old, and says on which.
func (s *side) awaitSteady(ctx context.Context, since time.Time, old uint16) (port uint16, err error) {
	var acks []regions.Ack
	err = wait.Until(ctx, glance, func() bool {
		acks = s.writer.AcksSince(since)
		first := slices.IndexFunc(acks, func(a regions.Ack) bool { return a.Port != old })
		return first >= 0 && len(acks)-first >= steady
	})
	if err != nil {
		return 0, fmt.Errorf("%d rows acknowledged, last error %s: %w", len(acks), s.writer.Counters().LastError, err)
	}
	return acks[len(acks)-1].Port, nil
}

// longestGap is the longest time between two acknowledgements.
func longestGap(acks []regions.Ack) (longest time.Duration) {
	for i := 1; i < len(acks); i++ {
		longest = max(longest, acks[i].At.Sub(acks[i-1].At))
	}
	return longest
}

// firstElsewhere is when another server than the old primary first acknowledged a row.
func firstElsewhere(acks []regions.Ack, after time.Time, old uint16) time.Time {
	for _, a := range acks {
		if a.Port != old && a.At.After(after) {
			return a.At
		}
	}
	return time.Time{}
}

// lostOf counts the rows of a run among all that are lost.
func lostOf(acks []regions.Ack, lost []int64) (n int) {
	for _, a := range acks {
		if slices.Contains(lost, a.ID) {
			n++
		}
	}
	return n
}

// lastWords is the end of the side's log, for the error of a run that failed.
func (s *side) lastWords() string {
	text, err := os.ReadFile(s.logFile)
	if err != nil {
		return ""
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return "\nthe end of its log:\n" + strings.Join(lines[max(0, len(lines)-12):], "\n")
}

func (s *side) lost() (n int) {
	for _, r := range s.results {
		n += r.lost
	}
	return n
}

// median is the middle of a column, and the mean of the two in the middle when there is no middle.
func median(of []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(of))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

func column(results []result, field func(result) time.Duration) []time.Duration {
	var all []time.Duration
	for _, r := range results {
		all = append(all, field(r))
	}
	return all
}

func gap(r result) time.Duration       { return r.gap }
func plan(r result) time.Duration      { return r.plan }
func decided(r result) time.Duration   { return r.decision }
func mended(r result) time.Duration    { return r.mended }
func gaps(rs []result) []time.Duration { return column(rs, gap) }
