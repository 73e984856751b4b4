package bot

import (
	"cmp"
	"context"
	"time"

	"github.com/rap-analyzer/rapbot"
)

const (
	editEvery   = 5 * time.Second // between two edits of one card
	growthEvery = time.Minute     // between two replies in one thread that tell of alerts that joined
	calmDown    = time.Minute     // the longest pause after a group that could not be shown
	patience    = 3               // times that a Slack which takes nothing is not held against a group
)

// job is one thing to do next, in a lane.
type job struct {
	lane  string
	rank  int // lower is first
	since time.Time
	id    string
	group *waiter // one of these two is what it is about
	storm *storm
	run   func(context.Context) error
}

// attempt is how the tries to show one thing have gone.
type attempt struct {
	busy     bool // it is under way
	failures int
	after    time.Time // not to be tried before
}

func (j job) about() *attempt {
	if j.group != nil {
		return &j.group.attempt
	}
	return &j.storm.attempt
}

func (j job) before(other job) bool {
	if j.rank != other.rank {
		return j.rank < other.rank
	}
	if !j.since.Equal(other.since) {
		return j.since.Before(other.since)
	}
	return j.id < other.id
}

// The ranks of what is posted: the card of a storm, then what fires by
// severity, and in each severity the cards of groups that nobody has seen
// before the news of those that have one; then the end of a storm, and what has
// resolved. One critical card goes before that of a storm.
const (
	rankStorm    = -1
	rankCritical = 0
	rankGiveWay  = 1
	rankEnd      = 50
	rankResolved = 100
)

// The last message for which a channel has room is for what is critical, and
// for the card of a storm: what comes a moment later does not wait for what
// nobody needs so soon.
const (
	needsRoom  = 2
	needsPlace = 1
)

func (w *waiter) cardRank() int {
	rank := 2 * w.brief.Rank
	if w.resolved {
		rank += rankResolved
	}
	return rank
}

func (w *waiter) newsRank() int { return w.cardRank() + 1 }

// editTurn orders edits by age, where a milder group counts as younger: a
// severe group that changes all the time does not hold up the others for ever.
func (w *waiter) editTurn() time.Time {
	d := time.Duration(w.brief.Rank) * 30 * time.Second
	if w.resolved {
		d += 30 * time.Second
	}
	return w.since.Add(d)
}

// next takes the most urgent thing that can be done now: something to post
// before something to edit. It is under way until done is called with it.
func (a *alerts) next() (job, bool) {
	q, now := a.queue, a.clock.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sweep(now)
	var post, edit *job
	consider := func(j job, is bool) {
		best := &post
		if j.lane == editLane {
			best = &edit
		}
		if is && q.free(j.lane, now) && a.fits(j) && (*best == nil || j.before(**best)) {
			*best = &j
		}
	}
	for _, s := range q.storms {
		consider(a.stormJob(s, now))
	}
	for _, w := range q.groups {
		if !w.busy && w.behind() && !now.Before(w.after) {
			consider(a.postJob(w, now))
			consider(a.editJob(w, now))
		}
	}
	best := cmp.Or(post, edit)
	if best == nil {
		return job{}, false
	}
	q.lane(best.lane).busy = true
	best.about().busy = true
	if s := q.storms[best.lane]; s != nil && best.rank == rankCritical {
		s.gaveWay = true
	}
	return *best, true
}

// fits reports whether Slack would take a message in its channel now.
func (a *alerts) fits(j job) bool {
	if j.lane == editLane || a.room == nil {
		return true
	}
	needs := needsRoom
	if j.rank <= rankGiveWay {
		needs = needsPlace
	}
	return a.room(j.lane) >= needs
}

// postJob is what of a group is to be said in its channel; mu is held.
func (a *alerts) postJob(w *waiter, now time.Time) (job, bool) {
	j := job{lane: w.channel, since: w.since, id: w.id, group: w}
	s := a.queue.storms[w.channel]
	on := s != nil && s.On()
	switch {
	case w.card.Zero() && w.resolved && on && !s.Card.Zero():
		j.rank, j.run = rankStorm, func(ctx context.Context) error { return a.listMissed(ctx, w, s) }
	case w.card.Zero():
		j.rank, j.run = w.cardRank(), func(ctx context.Context) error { return a.putUp(ctx, w, j.lane) }
	default:
		kind := newsIn(w.told, w.now)
		if kind == noNews || kind == moreFire && (on || now.Before(w.replied.Add(growthEvery))) {
			return j, false
		}
		j.rank, j.run = w.newsRank(), func(ctx context.Context) error { return a.tell(ctx, w) }
	}
	return j, true
}

// editJob is the edit of a group's card, when it is time for one; mu is held.
func (a *alerts) editJob(w *waiter, now time.Time) (job, bool) {
	if w.card.Zero() || !w.edited.Before(w.changedAt) && !w.unrecorded(a.queue.on(w.channel)) || now.Before(w.touched.Add(editEvery)) {
		return job{}, false
	}
	channel := w.channel
	return job{lane: editLane, since: w.editTurn(), id: w.id, group: w, run: func(ctx context.Context) error { return a.edit(ctx, w, channel) }}, true
}

// unrecorded reports whether the card is as it should be and nothing is left
// to tell, and only the journal does not know.
func (w *waiter) unrecorded(storm bool) bool {
	kind := newsIn(w.told, w.now)
	return kind == noNews || kind == moreFire && storm
}

// done ends a job. One that failed is tried again after a while, and a Slack
// that takes nothing is left alone in that lane.
func (a *alerts) done(j job, err error) {
	q, now := a.queue, a.clock.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	l, t := q.lane(j.lane), j.about()
	l.busy, t.busy = false, false
	if err == nil {
		t.failures, t.after = 0, time.Time{}
		l.sent++
	} else {
		a.counts.failed.Add(1)
		unavailable := rapbot.ErrorCode(err) == rapbot.Unavailable
		if unavailable {
			l.after = now.Add(retryEvery)
		}
		if !unavailable || t.failures >= patience { // otherwise it is hardly the group's fault
			t.after = now.Add(min(retryEvery<<min(t.failures, 10), calmDown))
		}
		t.failures++
	}
	if s := q.storms[j.lane]; s != nil {
		s.changed = true
	}
	q.nudge()
}

// afresh lets everything be tried again at once.
func (q *queue) afresh() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range q.groups {
		w.after = time.Time{}
	}
	for _, s := range q.storms {
		s.after = time.Time{}
	}
	for _, l := range q.lanes {
		l.after = time.Time{}
	}
}

func (q *queue) lane(name string) *lane {
	l := q.lanes[name]
	if l == nil {
		l = &lane{}
		q.lanes[name] = l
	}
	return l
}

func (q *queue) free(name string, now time.Time) bool {
	l := q.lane(name)
	return !l.busy && !now.Before(l.after)
}
