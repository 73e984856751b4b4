package postgres

import (
	"context"
	"time"

	"github.com/rap-analyzer/rapbot"
)

// tryTime is how long one write may take before it counts as not taken: an
// application would have given up on it, too.
const tryTime = time.Second

// TryWrite writes the heartbeat as an application would write, on whichever
// region takes it: the one that was the primary at the last look first.
func (f *Fleet) TryWrite(ctx context.Context) rapbot.WriteTry {
	ctx, cancel := context.WithTimeout(ctx, tryTime)
	defer cancel()
	try := rapbot.WriteTry{At: f.opt.Clock.Now()}
	t := f.Topology()
	names := f.names()
	if primary, one := t.Primary(); one {
		names = append([]string{primary.Name}, f.names(primary.Name)...)
	}
	for _, name := range names {
		r := f.region(name)
		if r.memory.dark() && len(names) > 1 {
			continue // a region that is silent would use up the time of those that are not
		}
		if r.link.do(ctx, beatOn(ctx)) == nil {
			try.Region = name
			break
		}
	}
	try.Took = f.opt.Clock.Now().Sub(try.At)
	return try
}
