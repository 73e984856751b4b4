package kubernetes

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot"
)

// Run keeps the memory fresh until ctx ends. Each region has a loop of its own,
// so that a dark one keeps nobody waiting (R9).
func (f *Fleet) Run(ctx context.Context) error {
	var all sync.WaitGroup
	for _, r := range f.regions {
		all.Go(func() { f.attend(ctx, r) })
	}
	all.Wait()
	return ctx.Err()
}

// wholeLook is how often everything is asked for although the watches stream:
// to meet what they cannot, a new kind of objects for example.
const wholeLook = time.Minute

// hangUpAfter is after how many silent questions the connections are given up.
const hangUpAfter = 3

// answer is what came of a question.
type answer struct {
	whole bool // everything was asked for
	err   error
}

// attend is the loop of one region. A small question at every tick shows that
// the watches are alive; while they are not, everything is asked for.
func (f *Fleet) attend(ctx context.Context, r *region) {
	var w *watching
	var silent int
	var looked time.Time
	asking, answers := false, make(chan answer, 1)
	ask := func() {
		asking = true
		go func(live bool) {
			if live {
				answers <- answer{err: f.probe(ctx, r)}
				return
			}
			answers <- answer{true, f.look(ctx, r)}
		}(w.live() && time.Since(looked) < wholeLook)
	}
	tick := time.NewTicker(f.opt.Every)
	defer tick.Stop()
	ask()
	for {
		var changed chan struct{}
		if w != nil {
			changed = w.changed
		}
		select {
		case <-ctx.Done():
			if w != nil {
				w.stop()
				w.all.Wait()
			}
			if asking {
				<-answers
			}
			return
		case <-tick.C:
			if !asking {
				ask()
			}
		case <-changed:
			f.publish(r, w)
		case a := <-answers:
			asking = false
			if a.err != nil {
				if silent++; silent%hangUpAfter == 0 {
					r.hangUp()
				}
				if w != nil {
					w.stop()
					w = nil
				}
				continue
			}
			silent = 0
			if a.whole {
				looked = time.Now()
			}
			if w != nil && w.argo != r.argoNow() {
				w.stop()
				w = nil
			}
			if w == nil {
				w = r.watch(ctx, r.argoNow())
			}
			f.publish(r, w)
		}
	}
}

// probe is the small question. It goes the whole way: credentials, rights, and
// what the API server itself rests upon.
func (f *Fleet) probe(asker context.Context, r *region) error {
	wait := patience(asker, f.opt.Timeout)
	ctx, cancel := context.WithTimeout(asker, wait)
	defer cancel()
	began := f.opt.Now()
	_, err := r.CoreV1().Pods(r.Names.Namespace).List(ctx, metav1.ListOptions{LabelSelector: r.Names.DatabaseSelector, Limit: 1})
	if err != nil && asker.Err() == nil {
		f.lost(r, began, err, wait)
	}
	return err
}

// publish remembers what the caches hold, if that is how it is now.
func (f *Fleet) publish(r *region, w *watching) {
	if w.live() {
		f.seen(r, f.opt.Now(), w.objects(r.Names))
	}
}

// keep remembers, and logs what a person would want to find in an incident
// review: changes.
func (f *Fleet) keep(r *region, began time.Time, c rapbot.Cluster) {
	before, kept := r.memory.keep(began, c)
	if !kept {
		return
	}
	log := f.log.With(zap.String("region", c.Region))
	switch {
	case !c.Answered && (before.Answered || before.Fault != c.Fault):
		log.Warn("the API server gives no answer", zap.String("err", c.Fault), zap.Time("last_answer", before.LastAnswer))
	case c.Answered && !before.Answered:
		log.Info("the API server answers")
	}
	if !c.Answered {
		return
	}
	for _, pair := range [][2]rapbot.Workload{{before.App, c.App}, {before.Database, c.Database}} {
		if was, is := pair[0], pair[1]; is.Trouble != "" && is.Trouble != was.Trouble {
			log.Warn("pods are in trouble", zap.String("workload", is.Name), zap.String("trouble", is.Trouble))
		}
	}
}
