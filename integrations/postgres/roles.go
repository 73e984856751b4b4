package postgres

import (
	"context"
	"slices"
	"sync"
	"time"
)

// shortPatience is for regions that were dark at their last look: long enough
// to connect across an ocean, and not for more while writers wait.
const shortPatience = time.Second

// seen is what came of asking one server among several.
type seen struct {
	name string
	standing
	err error
}

// askAll asks servers at once. One that was dark is asked too, because it may
// be back, but not for long (R9).
func (f *Fleet) askAll(ctx context.Context, names []string, operation string) []seen {
	all := make([]seen, len(names))
	var group sync.WaitGroup
	for i, name := range names {
		group.Go(func() {
			most := f.opt.Timeout
			if r := f.region(name); r != nil && r.memory.dark() {
				most = min(most, shortPatience)
			}
			all[i].name = name
			all[i].standing, all[i].err = f.askWithin(ctx, most, name, operation)
		})
	}
	group.Wait()
	return all
}

// anotherPrimary names a region that says it is a primary, besides the one
// given; empty when none says so. Silence is not a claim.
func (f *Fleet) anotherPrimary(ctx context.Context, than string) string {
	return primaryAmong(f.askAll(ctx, f.names(than), ""))
}

func primaryAmong(all []seen) string {
	for _, s := range all {
		if s.err == nil && !s.Replica {
			return s.name
		}
	}
	return ""
}

// names lists the regions in configured order.
func (f *Fleet) names(except ...string) []string {
	var names []string
	for _, r := range f.regions {
		if !slices.Contains(except, r.Name) {
			names = append(names, r.Name)
		}
	}
	return names
}
