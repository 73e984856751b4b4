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
			all[i].name = name
			all[i].standing, all[i].err = f.askWithin(ctx, f.patienceFor(name), name, operation)
		})
	}
	group.Wait()
	return all
}

// patienceFor is how long a region is waited for that may be dark.
func (f *Fleet) patienceFor(name string) time.Duration {
	if r := f.region(name); r != nil && r.memory.dark() {
		return min(f.opt.Timeout, shortPatience)
	}
	return f.opt.Timeout
}

// lit leaves out the regions that were dark at their last look: for those a
// step that others wait for does not wait.
func (f *Fleet) lit(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return f.region(name).memory.dark() })
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
