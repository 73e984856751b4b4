package slack

import (
	"context"
	"strconv"
	"sync"
	"time"

	sdk "github.com/slack-go/slack"
	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// past is what rapbot has said, by the keys of its messages, so that nothing is
// said twice. What earlier processes said in a place is read once, before this
// one first says something there, and is good for as long as it runs: in a
// storm, what a killed process had just posted may get its turn again after
// many minutes and hundreds of messages.
type past struct {
	mu     sync.Mutex
	places map[rapbot.Place]*pastPlace
	own    map[said]rapbot.Ref // of this process, for a while
	doubts map[said]time.Time  // posts of this process that may or may not have come about
}

// said is one message that was to be said in one place.
type said struct {
	to  rapbot.Place
	key string
}

type pastPlace struct {
	mu   sync.Mutex // held while it is being read
	read bool
	keys map[string]string // key -> timestamp
}

const (
	keptPlaces = 4000 // threads of earlier processes whose past is remembered
	keptOwn    = 4000
	clockSkew  = time.Minute // Slack's clock and ours
)

func newPast() *past {
	return &past{places: map[rapbot.Place]*pastPlace{}, own: map[said]rapbot.Ref{}, doubts: map[said]time.Time{}}
}

// earlier finds what was said before under this key. The zero Ref means that
// there is nothing. While it cannot be found out, nothing may be posted: the
// error says so. Later than lookBack that is no reason to be silent any more.
func (a *Adapter) earlier(ctx context.Context, s said) (rapbot.Ref, error) {
	if ref, is := a.past.mine(s); is {
		return ref, nil
	}
	if since, is := a.past.doubted(s); is {
		ref, err := a.find(ctx, s.to, since.Add(-clockSkew), keyed(s.key))
		if err != nil || !ref.Zero() {
			return ref, err
		}
		a.past.settle(s, rapbot.Ref{})
	}
	if s.to.Thread != "" && timeOf(s.to.Thread).After(a.started.Add(clockSkew)) {
		return rapbot.Ref{}, nil // nobody before this process knew the thread
	}
	p := a.past.place(s.to)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.read {
		keys, err := a.readPast(ctx, s.to)
		switch fate, _ := judge(err); {
		case err == nil:
			p.keys = keys
		case fate != declined && time.Since(a.started) < lookBack:
			return rapbot.Ref{}, err
		default:
			a.log.Warn("look for earlier posts", zap.String("channel", s.to.Channel), zap.Error(scrub(err)))
		}
		p.read = true
	}
	if ts := p.keys[s.key]; ts != "" {
		return rapbot.Ref{Channel: s.to.Channel, ID: ts}, nil
	}
	return rapbot.Ref{}, nil
}

// readPast reads the keys of rapbot's own messages from shortly before this
// process began.
func (a *Adapter) readPast(ctx context.Context, to rapbot.Place) (map[string]string, error) {
	keys := map[string]string{}
	err := a.each(ctx, to, a.started.Add(-recent), a.started.Add(clockSkew), func(m sdk.Message) bool {
		if key, is := m.Metadata.EventPayload[metadataKey].(string); is && m.Metadata.EventType == metadataType {
			keys[key] = m.Timestamp
		}
		return false
	})
	return keys, err
}

// mine is what this process has said itself, not long ago.
func (p *past) mine(s said) (rapbot.Ref, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ref, is := p.own[s]
	return ref, is && time.Since(timeOf(ref.ID)) < recent
}

func (p *past) doubted(s said) (time.Time, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	since, is := p.doubts[s]
	return since, is
}

// doubt notes that nobody knows whether it was said, since when it was tried.
func (p *past) doubt(s said, since time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, is := p.doubts[s]; !is && len(p.doubts) < keptOwn {
		p.doubts[s] = since
	}
}

// settle notes what became of it; the zero Ref says that it was not said.
func (p *past) settle(s said, ref rapbot.Ref) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.doubts, s)
	if ref.Zero() {
		return
	}
	if len(p.own) >= keptOwn {
		for old, ref := range p.own {
			if time.Since(timeOf(ref.ID)) >= recent || len(p.own) >= 2*keptOwn {
				delete(p.own, old)
			}
		}
	}
	p.own[s] = ref
}

func (p *past) place(to rapbot.Place) *pastPlace {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.places[to]
	if known == nil {
		if len(p.places) >= keptPlaces {
			for old := range p.places {
				if old.Thread != "" {
					delete(p.places, old) // any: it is read again when it is needed
					break
				}
			}
		}
		known = &pastPlace{}
		p.places[to] = known
	}
	return known
}

// timeOf is when a message was posted, by Slack's clock.
func timeOf(ts string) time.Time {
	seconds, err := strconv.ParseFloat(ts, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(seconds * 1000))
}
