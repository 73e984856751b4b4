package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/rap-analyzer/rapbot/lab/clusters"
	"github.com/rap-analyzer/rapbot/lab/world"
)

// inClusters is the second world: the same with the fleet in three Kubernetes.
type inClusters struct {
	*world.World
	fleet *clusters.Fleet
	home  string
}

// raiseClusters builds Kubernetes when this machine has none yet, and starts a
// world on it with a page of its own. The first world serves meanwhile.
func raiseClusters(ctx context.Context, opt options, rapbot string) (_ *inClusters, err error) {
	c := &inClusters{}
	// Pods have a /tmp of their own and run as other users, so the folder is neither there nor in somebody's home.
	if c.home, err = os.MkdirTemp("/var/tmp", "rapbot-lab-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Close())
		}
	}()
	if err := os.Chmod(c.home, 0o755); err != nil {
		return nil, err
	}
	bin := filepath.Join(c.home, "bin")
	if err := world.BuildThese(ctx, bin, []string{"./lab/workload"}); err != nil {
		return nil, err
	}
	progress("Kubernetes: three control planes (the first time they are built: eight minutes on two cores)")
	c.fleet, err = clusters.Start(ctx, clusters.Options{
		Dir: filepath.Join(c.home, "fleet"), Workload: filepath.Join(bin, "workload"), Progress: os.Stderr,
	})
	if err != nil {
		return nil, err
	}
	c.World, err = world.Up(ctx, world.Options{
		Dir: filepath.Join(opt.dir, "clusters"), Binary: rapbot, Regions: c.fleet.World(), Handler: c.fleet.Handler(),
		Config: "deploy: {watch: 5s, give_up: 20s, timeout: 3m}\n",
	})
	return c, err
}

func (c *inClusters) explain() {
	fmt.Printf(`
  Kubernetes is ready: three empty clusters, with a page and a rapbot of their own. Open %s

    1. As alice, type            /rap deploy v1 --all
       approve it as bob, and watch PostgreSQL and the application come up in three regions.
    2. Then                      /rap deploy v2
    3. A version that never gets ready is put back by itself:
                                 /rap deploy v3-imagepull
    4. Back one version:         /rap rollback
    5. Move the primary, with everything in pods:
                                 /rap failover us-west-2
    6. Press Freeze API or Make dark on the right, and ask again.

  kubectl for it:  %s --kubeconfig %s --context us-east-1 -n %s get pods

`, c.Facts().Page, c.fleet.Kubectl(), c.fleet.Kubeconfig, clusters.Namespace)
}

// Close ends what there is of it, in the opposite order, and removes the folder.
func (c *inClusters) Close() (err error) {
	if c.World != nil {
		err = c.World.Close()
	}
	if c.fleet != nil {
		err = errors.Join(err, c.fleet.End())
	}
	return errors.Join(err, os.RemoveAll(c.home))
}
