package slack

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

const (
	handleTime  = time.Minute // for one event
	laneMax     = 16          // events that one person may have waiting
	busyAnswers = 4           // told at the same time that rapbot is busy
)

// desk handles events with a bounded number of workers. Each person has a
// lane, so that what one person does is done in that order, and nobody's
// hammering takes every place in the queue.
type desk struct {
	handle Handler
	first  func(context.Context, string) (bool, error) // nil for none
	log    *zap.Logger
	counts *counts
	seen   *seen
	max    int

	mu    sync.Mutex
	lanes map[string][]Event // of the people who wait or are being served
	size  int                // events in lanes, those being handled included
	quiet chan struct{}      // closed when size is 0 and somebody asked

	ready chan string // whose turn it is
	busy  chan struct{}
}

func newDesk(handle Handler, first func(context.Context, string) (bool, error), log *zap.Logger, counts *counts, queue int) *desk {
	return &desk{
		handle: handle, first: first, log: log, counts: counts, seen: newSeen(keptKeys), max: queue,
		lanes: map[string][]Event{}, ready: make(chan string, queue), busy: make(chan struct{}, busyAnswers),
	}
}

// offer takes an event in without ever waiting. One that finds no place is
// refused in words.
func (d *desk) offer(ctx context.Context, e Event) {
	if !d.seen.fresh(e.ID) {
		d.counts.duplicates.Add(1)
		return
	}
	if d.place(e) {
		return
	}
	d.counts.busy.Add(1)
	d.log.Warn("event refused, busy", zap.String("kind", string(e.Kind)), zap.String("user", e.User))
	select {
	case d.busy <- struct{}{}:
	default:
		return // a storm: the log has it
	}
	go func() {
		defer func() { <-d.busy }()
		d.say(ctx, e, rapbot.Refuse(rapbot.Unavailable, "rapbot is busy.", "Try again in a moment."))
	}()
}

// place puts an event into its person's lane if there is room.
func (d *desk) place(e Event) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	lane, serving := d.lanes[e.User]
	if d.size >= d.max || len(lane) >= laneMax {
		return false
	}
	d.lanes[e.User] = append(lane, e)
	d.size++
	if !serving {
		d.ready <- e.User // has room: a lane holds an event, and there are no more than max
	}
	return true
}

// work serves people until stop is closed.
func (d *desk) work(ctx context.Context, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case user := <-d.ready:
			d.serve(ctx, d.head(user))
			d.done(user)
		}
		select {
		case <-stop: // before another turn, which is left to abandon
			return
		default:
		}
	}
}

func (d *desk) head(user string) Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.lanes[user][0]
}

// done takes the event that was handled out of its lane. The next of the same
// person waits for its turn behind everybody else.
func (d *desk) done(user string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.size--
	if rest := d.lanes[user][1:]; len(rest) > 0 {
		d.lanes[user] = rest
		d.ready <- user
	} else {
		delete(d.lanes, user)
	}
	d.settle()
}

// settle tells drain when nothing is left; mu is held.
func (d *desk) settle() {
	if d.size == 0 && d.quiet != nil {
		close(d.quiet)
		d.quiet = nil
	}
}

// abandon tells those whose events nobody will come to any more. The first of
// a lane may be in hand; the workers have been told to stop.
func (d *desk) abandon(ctx context.Context) {
	d.mu.Lock()
	var left []Event
	for user, lane := range d.lanes {
		left = append(left, lane[1:]...)
		d.size -= len(lane) - 1
		d.lanes[user] = lane[:1]
	}
	for len(d.ready) > 0 {
		left = append(left, d.lanes[<-d.ready][0])
	}
	d.mu.Unlock()
	for _, e := range left {
		d.say(ctx, e, rapbot.Refuse(rapbot.Unavailable, "rapbot is being restarted.", "Ask again in a minute."))
	}
}

// drain returns when every event has been handled, or when ctx ends.
func (d *desk) drain(ctx context.Context) {
	quiet := make(chan struct{})
	d.mu.Lock()
	d.quiet = quiet
	d.settle()
	d.mu.Unlock()
	select {
	case <-quiet:
	case <-ctx.Done():
		d.log.Warn("stopped with events unhandled")
	}
}

// serve handles one event. A panic is a defect of one handler; it ends neither
// the worker nor the process, and the person is told what to make of it.
func (d *desk) serve(ctx context.Context, e Event) {
	defer func() {
		if p := recover(); p != nil {
			ref := random()[:8]
			d.counts.panics.Add(1)
			d.log.Error("handler panicked", zap.String("ref", ref), zap.String("kind", string(e.Kind)), zap.String("user", e.User),
				zap.String("panic", scrub(fmt.Errorf("%v", p)).Error()), zap.ByteString("stack", debug.Stack()))
			d.say(ctx, e, &rapbot.Error{
				Code: rapbot.Internal, What: "Something broke inside rapbot (ref " + ref + ").",
				Changed: "What this request had begun may be half done.", Now: "Look at /rap status before you try again.",
			})
		}
	}()
	work, cancel := context.WithTimeout(ctx, handleTime) // ctx itself is for the answer to a panic
	defer cancel()
	if d.first != nil && e.ID != "" {
		fresh, err := d.first(work, e.ID)
		if err != nil {
			// The memory of this process has not seen it; an operation's own state keeps it from being done twice.
			d.log.Warn("ask for a duplicate", zap.String("user", e.User), zap.Error(scrub(err)))
		} else if !fresh {
			d.counts.duplicates.Add(1)
			return
		}
	}
	d.counts.handled.Add(1)
	d.handle(work, e)
}

func (d *desk) say(ctx context.Context, e Event, err error) {
	if e.Reply == nil {
		return
	}
	if err := e.Reply(ctx, rapbot.ErrorMessage(err)); err != nil {
		d.log.Warn("reply", zap.String("user", e.User), zap.Error(err))
	}
}

// random is an ID that nobody guesses or repeats.
func random() string {
	b := make([]byte, 8)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
