package patroni

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// The roles of the servers, named as those of lab/regions.
const (
	superuser  = "admin"
	replicator = "replicator"
)

// Options say what the cluster is made of.
type Options struct {
	Names []string             // the nodes, the first of which begins as the primary; default use1, usw2, euw1
	Log   func(string, ...any) // one line for each thing done; default nothing
}

// Cluster is one etcd and the nodes that keep their leader in it.
type Cluster struct {
	dir     string
	pg      regions.Installation
	account regions.Account
	log     func(string, ...any)
	etcd    *etcd
	nodes   []*node
	guard   *child.Guard
	// One password for each role, made for this cluster.
	superPassword, replicaPassword, appPassword string

	closing sync.Once
	closed  error
}

// startTime bounds the start on a loaded machine; on an idle one it takes a fifth of it.
const startTime = 3 * time.Minute

// Start makes a new cluster in a temporary folder and comes back when the replicas stream; ctx bounds the start, not the cluster.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	if len(opts.Names) == 0 {
		opts.Names = []string{"use1", "usw2", "euw1"}
	}
	if opts.Log == nil {
		opts.Log = func(string, ...any) {}
	}
	if _, err := Installed(); err != nil {
		return nil, err
	}
	pg, err := regions.FindInstallation()
	if err != nil {
		return nil, err
	}
	account, err := regions.ServerAccount()
	if err != nil {
		return nil, err
	}
	c := &Cluster{pg: pg, account: account, log: opts.Log, superPassword: rand.Text(), replicaPassword: rand.Text(), appPassword: rand.Text()}
	if c.dir, _, err = account.Home(""); err != nil {
		return nil, fmt.Errorf("start patroni: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	if err := c.bootstrap(ctx, opts.Names); err != nil {
		return nil, errors.Join(fmt.Errorf("start patroni: %w", err), c.Close())
	}
	return c, nil
}

// bootstrap lets the first node win the race for the leader before there are others.
func (c *Cluster) bootstrap(ctx context.Context, names []string) (err error) {
	if c.guard, err = startGuard(c.account, c.dir); err != nil {
		return err
	}
	if c.etcd, err = startEtcd(ctx, c); err != nil {
		return err
	}
	for _, name := range names {
		n := &node{name: name, cluster: c, dir: filepath.Join(c.dir, name)}
		c.nodes = append(c.nodes, n)
		if err := n.layOut(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	first := c.nodes[0]
	if err := first.launch(); err != nil {
		return err
	}
	if err := c.await(ctx, "the first node leads", func(m []Member) bool { return len(m) == 1 && m[0].leads() }); err != nil {
		return err
	}
	if err := regions.Furnish(ctx, first.dsn("postgres"), first.dsn(regions.Database), c.appPassword); err != nil {
		return fmt.Errorf("make the application's database: %w", err)
	}
	for _, n := range c.nodes[1:] {
		if err := n.launch(); err != nil {
			return err
		}
	}
	return c.AwaitWhole(ctx)
}

// MultiHostDSN is the application's address, in the form of lab/regions: all the servers, of which the driver takes the one that accepts writes.
func (c *Cluster) MultiHostDSN() string {
	var hosts, ports []string
	for _, n := range c.nodes {
		hosts, ports = append(hosts, "127.0.0.1"), append(ports, strconv.Itoa(n.postgres.Port))
	}
	return fmt.Sprintf("host=%s port=%s user=%s password=%s dbname=%s sslmode=disable target_session_attrs=read-write connect_timeout=1",
		strings.Join(hosts, ","), strings.Join(ports, ","), regions.App, c.appPassword, regions.Database)
}

// AdminDSNs are a superuser's addresses of the application's database on each server.
func (c *Cluster) AdminDSNs() []string {
	var all []string
	for _, n := range c.nodes {
		all = append(all, n.dsn(regions.Database))
	}
	return all
}

// Nodes are the names of the nodes.
func (c *Cluster) Nodes() []string {
	var names []string
	for _, n := range c.nodes {
		names = append(names, n.name)
	}
	return names
}

// Close ends everything and removes the data. Only the first call does.
func (c *Cluster) Close() error {
	c.closing.Do(func() { c.closed = c.close() })
	return c.closed
}

func (c *Cluster) close() error {
	var all errgroup.Group
	for _, n := range c.nodes {
		all.Go(n.kill)
	}
	err := all.Wait()
	for _, n := range c.nodes {
		n.postgres.Release()
		n.rest.Release()
	}
	if c.etcd != nil {
		c.etcd.end()
	}
	if c.guard != nil {
		c.guard.Dismiss()
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}
