package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/world"
)

func runForeground(ctx context.Context, opt options) (err error) {
	if err := alone(opt.dir); err != nil {
		return err
	}
	bot, instance := filepath.Join(opt.binaries, "rapbot"), filepath.Join(opt.binaries, "instance")
	if opt.binaries == "" {
		if bot, instance, err = world.Build(ctx, filepath.Join(opt.dir, "bin"), progress); err != nil {
			return err
		}
	}
	w, err := world.Up(ctx, world.Options{
		Dir: opt.dir, PageAddr: fmt.Sprintf("127.0.0.1:%d", opt.port), Binary: bot, Instance: instance, Log: progress,
		Writer: regions.WriterOptions{Workers: 4, Pause: 10 * time.Millisecond}, Links: true,
	})
	if err != nil {
		return err
	}
	defer func() {
		progress("ending the lab")
		err = errors.Join(err, w.Close())
	}()
	progress("the lab is up")
	if opt.demo {
		explain(w.Facts(), opt.clusters)
	} else {
		fmt.Println(w.Facts().Page)
	}
	if opt.clusters {
		c, failed := raiseClusters(ctx, opt, bot)
		switch {
		case failed == nil:
			defer func() { err = errors.Join(err, c.Close()) }()
			c.explain()
		case ctx.Err() != nil: // interrupted
		case !opt.demo:
			return fmt.Errorf("start the clusters: %w", failed)
		default:
			progress("the clusters did not start, and the lab goes on without them: %v", failed)
		}
	}
	<-ctx.Done()
	return nil
}

func explain(f world.Facts, clusters bool) {
	more := "\n    7. Deploys need Kubernetes:   make demo-clusters"
	if clusters {
		more = "\n    7. Deploys: as soon as Kubernetes is ready, with a page of its own; this one serves meanwhile."
	}
	fmt.Printf(`
  Open %s

    1. As alice, type            /rap status
    2. then                      /rap failover us-west-2 --reason trying it out
    3. Switch "Acting as" to bob and press Approve Switchover; watch the thread.
    4. The emergency: press Kill beside the primary on the right, then
                                 /rap failover REGION --force --reason it is gone
       Approve it as bob, press Start beside the dead one, and watch its boot gate hold it.
       Then                      /rap rejoin REGION
    5. The drill, there and back: /rap drill us-west-2
       Approve both legs; the report and a picture come into the first one's thread.
    6. Press Make dark beside the primary and fail over: the card says until when the fence waits.%s

  Logs and data are in %s. Press Ctrl-C to end everything.

`, f.Page, more, filepath.Dir(f.Bot.Config))
}
