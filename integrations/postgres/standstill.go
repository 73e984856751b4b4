package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// frozen reports that the server is kept from receiving anything of a primary.
func (s standing) frozen() bool { return strings.HasPrefix(s.SlotName, rapbot.FrozenSlot) }

// partial reports that something was received that is not replayed. It may be
// log that is still to be replayed, or the beginning of a record whose end
// never came, which stays for ever.
func (s standing) partial() bool { return s.Replay < s.Have }

// unrest says why a server does not stand still; empty when it does: nothing
// moves there any more, and a promotion would end its log where it is.
func (s seen) unrest() string {
	switch {
	case s.err != nil:
		return strings.TrimSuffix(what(s.err), ".")
	case !s.Replica:
		return s.name + " is a primary"
	case !s.frozen() || strings.HasPrefix(s.SlotName, levelPrefix) || s.Diverted:
		return s.name + " is not frozen"
	case s.Receiver != nil:
		return fmt.Sprintf("the WAL receiver of %s has not ended: it is %s", s.name, s.Receiver.Status)
	case s.partial() && !s.Waits:
		return fmt.Sprintf("%s has replayed up to %s of %s", s.name, s.Replay, s.Have)
	}
	return ""
}

// nudgeTime is how long a replica gets to replay the next record it finds,
// once it has been told to look.
const nudgeTime = 20 * time.Millisecond

// standings asks servers whether they stand still, and where. One that waits
// for the rest of a record has to be seen twice at the same place.
func (f *Fleet) standings(ctx context.Context, names []string, operation string) []seen {
	return f.lookTwice(ctx, f.askAll(ctx, names, operation), operation, func(ctx context.Context, _ string) error { return pause(ctx, glance) })
}

// nudged is standings for a server that was made to stop receiving just now.
// It may wait before it looks again, with whole records left that it has
// received; a reload ends the wait.
func (f *Fleet) nudged(ctx context.Context, names []string, operation string) []seen {
	return f.lookTwice(ctx, f.askAll(ctx, names, operation), operation, func(ctx context.Context, name string) error {
		if err := f.put(ctx, name, f.opt.Timeout); err != nil {
			return err
		}
		return pause(ctx, nudgeTime)
	})
}

func (f *Fleet) lookTwice(ctx context.Context, all []seen, operation string, between func(context.Context, string) error) []seen {
	var again sync.WaitGroup
	for i := range all {
		first := all[i]
		if first.unrest() != "" || !first.partial() {
			continue
		}
		again.Go(func() {
			err := between(ctx, first.name)
			if err == nil {
				all[i].standing, err = f.ask(ctx, first.name, operation)
			}
			all[i].err = err
			all[i].Waits = all[i].Waits && all[i].Replay == first.Replay
		})
	}
	again.Wait()
	return all
}

// of finds one server among several that were asked.
func of(all []seen, name string) seen {
	for _, s := range all {
		if s.name == name {
			return s
		}
	}
	return seen{name: name, err: unavailable("%s was not asked.", name)}
}
