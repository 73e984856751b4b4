package bot

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// queue is what of the alert groups is not in front of people yet, in a few
// hundred bytes a group: in a storm the groups themselves are megabytes, and
// are read when their turn comes. All of it can be read from the inbox again.
type queue struct {
	mu     sync.Mutex
	groups map[string]*waiter
	storms map[string]*storm // by channel
	lanes  map[string]*lane
	moved  chan struct{} // has something in it when there may be something new to do
}

// waiter is one group in the queue. It stays for a while after its card is as
// it should be, because what has just been edited is not edited again at once.
type waiter struct {
	id        string // never changes, and may be read without the lock
	brief     alert.GroupBrief
	channel   string // where its card stands or will stand
	resolved  bool
	card      rapbot.Ref
	told      told      // what its thread has been told
	now       told      // what there is to tell
	since     time.Time // of the oldest change that is not shown
	changedAt time.Time
	shownAt   time.Time // the change that is shown and recorded to be
	edited    time.Time // the change that the card shows, recorded or not
	touched   time.Time // when the card was last put up or edited
	replied   time.Time // when its thread was last told something

	sentBefore int // what its channel had taken when it began to wait

	known bool // it has been absorbed at least once
	holds int  // deliveries are being absorbed
	attempt
}

// lane is where things go one after the other: the messages of one channel,
// and all edits.
type lane struct {
	busy  bool
	sent  int       // things that went through
	after time.Time // Slack takes nothing before
}

const editLane = "edits"

func newQueue() *queue {
	return &queue{groups: map[string]*waiter{}, storms: map[string]*storm{}, lanes: map[string]*lane{}, moved: make(chan struct{}, 1)}
}

// behind reports whether something of the group is left to show or to record.
func (w *waiter) behind() bool { return w.known && w.shownAt.Before(w.changedAt) }

// cardless reports whether the group waits for its first card.
func (w *waiter) cardless() bool { return w.behind() && w.card.Zero() }

// load fills the queue with what an earlier process has left.
func (q *queue) load(digests []alert.Digest, groups []alert.Group, place func(alert.Group) string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, d := range digests {
		if d.Groups == nil {
			d.Groups = map[string]int{}
		}
		q.storms[d.Channel] = &storm{Digest: d, changed: true}
	}
	for _, g := range groups {
		q.put(g, place(g))
	}
	q.nudge()
}

// hold keeps a group in the queue while deliveries are absorbed into it.
func (q *queue) hold(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.groups[id]
	if w == nil {
		w = &waiter{id: id}
		q.groups[id] = w
	}
	w.holds++
}

// behind reports whether something of a group is left to show.
func (q *queue) behind(id string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.groups[id]
	return w != nil && w.behind()
}

// hasten lets a card be edited at once, however soon after the last time: whoever
// pressed something on it waits to see it there.
func (q *queue) hasten(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w := q.groups[id]; w != nil {
		w.touched = time.Time{}
	}
	q.nudge()
}

// letGo takes a hold back: nothing was absorbed.
func (q *queue) letGo(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.groups[id].holds--
}

// update takes a hold back and brings the group to its new state.
func (q *queue) update(g alert.Group, channel string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.groups[g.ID].holds--
	q.put(g, channel)
	q.nudge()
}

// put stores what is known of a group; mu is held. Where the card stands and
// what was told are taken from g only for a group that was not here: what was
// shown meanwhile is known better here than there.
func (q *queue) put(g alert.Group, channel string) {
	w := q.groups[g.ID]
	if w == nil {
		w = &waiter{id: g.ID}
		q.groups[g.ID] = w
	}
	if !w.known {
		w.card, w.told, w.known = g.Card, parseTold(g.Told), true
	}
	if !w.behind() {
		w.since = g.ChangedAt
		if w.card.Zero() && g.Times <= 1 {
			w.since = g.FirstSeen
		}
	}
	begins := !w.behind()
	w.channel = channel
	if !w.card.Zero() {
		w.channel = w.card.Channel
	}
	if begins {
		w.sentBefore = q.lane(w.channel).sent
	}
	if q.storms[w.channel] == nil {
		q.storms[w.channel] = &storm{Digest: alert.Digest{Channel: w.channel}} // none so far
	}
	w.brief, w.resolved, w.now = g.Brief(), g.Resolved(), toldOf(g)
	w.changedAt = laterOf(w.changedAt, g.ChangedAt)
	q.join(w)
}

// laterOf rises with every change, as the journal's own time of it does.
func laterOf(before, now time.Time) time.Time {
	if now.After(before) {
		return now
	}
	return before.Add(time.Nanosecond)
}

// nudge never blocks; mu may be held.
func (q *queue) nudge() {
	select {
	case q.moved <- struct{}{}:
	default:
	}
}

// sweep forgets groups of which nothing is left to do; mu is held.
func (q *queue) sweep(now time.Time) {
	for id, w := range q.groups {
		if w.holds == 0 && !w.busy && !w.behind() && now.Sub(w.touched) > growthEvery {
			delete(q.groups, id)
		}
	}
}

// size counts the groups without a card, and says since when the first of them
// has waited and how many storms go on.
func (q *queue) size() (waiting int, oldest time.Time, digests int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range q.groups {
		if w.cardless() {
			waiting++
			if oldest.IsZero() || w.since.Before(oldest) {
				oldest = w.since
			}
		}
	}
	for _, s := range q.storms {
		if s.On() {
			digests++
		}
	}
	return waiting, oldest, digests
}

// missedFor is for how long after a storm it is told what resolved in it before
// it had a card.
const missedFor = 24 * time.Hour

// list is the groups without a card, the next one first.
func (q *queue) list(now time.Time) alert.Queue {
	_, oldest, _ := q.size()
	q.mu.Lock()
	defer q.mu.Unlock()
	out := alert.Queue{Oldest: oldest}
	for _, w := range q.cardless("") {
		out.Groups = append(out.Groups, w.brief)
	}
	for _, s := range q.storms {
		if s.On() || now.Sub(s.Ended) < missedFor {
			out.Missed = append(out.Missed, s.Missed...)
		}
	}
	slices.SortStableFunc(out.Missed, func(a, b alert.GroupBrief) int { return a.To.Compare(b.To) })
	return out
}

// cardless are the groups that wait for a card in a channel, or in any when it
// is empty, the next one first; mu is held.
func (q *queue) cardless(channel string) []*waiter {
	var out []*waiter
	for _, w := range q.groups {
		if w.cardless() && (channel == "" || w.channel == channel) {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(a, b *waiter) int {
		return cmp.Or(cmp.Compare(a.cardRank(), b.cardRank()), a.since.Compare(b.since), cmp.Compare(a.id, b.id))
	})
	return out
}
