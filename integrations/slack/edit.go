package slack

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// editPatience is for how long content that nobody waits for any more is
// still tried.
const editPatience = 5 * time.Minute

// pages are the messages being edited. Each has one worker, which sends the
// newest content, and not more often than Slack's guidance for progress.
type pages struct {
	mu      sync.Mutex
	open    map[rapbot.Ref]*page
	hurry   chan struct{} // closed when nothing may wait any longer
	emptied chan struct{} // closed when no page is left that flush waits for
}

// page is one message being edited.
type page struct {
	at      rapbot.Ref
	next    *content // nil when what is shown is what was last wanted
	waiting []chan error
}

type content struct {
	dressed
	since time.Time
}

func newPages() *pages {
	return &pages{open: map[rapbot.Ref]*page{}, hurry: make(chan struct{})}
}

// Edit replaces a message. It returns when this content or a newer one is
// shown. When ctx ends before that, the content goes out all the same.
func (a *Adapter) Edit(ctx context.Context, at rapbot.Ref, m rapbot.Message) error {
	done := make(chan error, 1)
	a.pages.want(at, &content{dress(m), time.Now()}, done, func(p *page) { a.edit(p) })
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return trouble("chat.update", ctx.Err(), "The message is changed as soon as Slack takes it.")
	}
}

// want leaves content for a page's worker, and starts the worker if there is
// none.
func (ps *pages) want(at rapbot.Ref, c *content, done chan error, worker func(*page)) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	p := ps.open[at]
	if p == nil {
		p = &page{at: at}
		ps.open[at] = p
		go worker(p)
	}
	p.next = c
	p.waiting = append(p.waiting, done)
}

// take hands the newest content to the worker, with those who wait for it or
// for an older one. With nothing to do, the page is closed.
func (ps *pages) take(p *page) (*content, []chan error) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	c, waiting := p.next, p.waiting
	p.next, p.waiting = nil, nil
	if c == nil {
		delete(ps.open, p.at)
		ps.settle()
	}
	return c, waiting
}

// giveBack leaves content that could not be sent for another try, unless there
// is newer.
func (ps *pages) giveBack(p *page, c *content) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if p.next == nil {
		p.next = c
	}
}

// edit is a page's worker.
func (a *Adapter) edit(p *page) {
	for failed := 0; ; {
		c, waiting := a.pages.take(p)
		if c == nil {
			return
		}
		err := a.update(p.at, c)
		told := a.told("chat.update", err, "The message was not changed.")
		for _, w := range waiting {
			w <- told
		}
		pause := a.cfg.UpdateEvery
		failed++
		switch {
		case err == nil:
			failed = 0
		case rapbot.ErrorCode(told) == rapbot.Unavailable && time.Since(c.since) < editPatience && !a.pages.hurried():
			a.pages.giveBack(p, c)
			pause = max(pause, backoff(failed, time.Second, 30*time.Second))
		default:
			a.log.Warn("edit given up", zap.String("channel", p.at.Channel), zap.String("message", p.at.ID))
		}
		a.pages.rest(a.life, pause)
	}
}

func (a *Adapter) update(at rapbot.Ref, c *content) error {
	return a.call(a.life, "chat.update", "", repeatable, func(ctx context.Context) error {
		_, _, _, err := a.api.UpdateMessageContext(ctx, at.Channel, at.ID, c.say()...)
		return err
	})
}

// rest keeps the pace of a page.
func (ps *pages) rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ps.hurry:
	case <-ctx.Done():
	}
}

// settle tells flush when nothing is left; mu is held.
func (ps *pages) settle() {
	if len(ps.open) == 0 && ps.emptied != nil {
		close(ps.emptied)
		ps.emptied = nil
	}
}

// flush sends what is left and returns when it is out, or when ctx ends.
func (ps *pages) flush(ctx context.Context) {
	emptied := make(chan struct{})
	ps.mu.Lock()
	ps.emptied = emptied
	close(ps.hurry)
	ps.settle()
	ps.mu.Unlock()
	select {
	case <-emptied:
	case <-ctx.Done():
	}
}

// hurried reports whether flush has been called.
func (ps *pages) hurried() bool {
	select {
	case <-ps.hurry:
		return true
	default:
		return false
	}
}
