package patroni

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/loopback"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// etcd is the one-member etcd that holds the leader key.
type etcd struct {
	client, peer loopback.Reservation
	process      *child.Child
}

func startEtcd(ctx context.Context, c *Cluster) (_ *etcd, err error) {
	e := &etcd{}
	if e.client, err = loopback.Reserve(); err != nil {
		return nil, err
	}
	if e.peer, err = loopback.Reserve(); err != nil {
		e.client.Release()
		return nil, err
	}
	if err := e.launch(ctx, c); err != nil {
		e.end()
		return nil, err
	}
	return e, nil
}

func (e *etcd) launch(ctx context.Context, c *Cluster) error {
	dir := filepath.Join(c.dir, "etcd")
	log, err := c.makeFolder(dir)
	if err != nil {
		return err
	}
	defer log.Close()
	client, peer := "http://"+e.client.Addr(), "http://"+e.peer.Addr()
	cmd := c.account.Command(dir, "etcd", "--name=lab", "--data-dir="+filepath.Join(dir, "data"),
		"--listen-client-urls="+client, "--advertise-client-urls="+client,
		"--listen-peer-urls="+peer, "--initial-advertise-peer-urls="+peer, "--initial-cluster=lab="+peer)
	cmd.Stdout, cmd.Stderr = log, log
	if e.process, err = child.Start(cmd); err != nil {
		return err
	}
	healthy := func() bool { return !e.process.Alive() || getJSON(ctx, client+"/health", &struct{}{}) == nil }
	if err := wait.Until(ctx, 20*time.Millisecond, healthy); err != nil {
		return fmt.Errorf("etcd is not healthy: %w", err)
	}
	if !e.process.Alive() {
		return fmt.Errorf("etcd ended: %s", lastWords(log.Name()))
	}
	return nil
}

func (e *etcd) end() {
	if e.process != nil {
		_ = e.process.End(context.Background(), syscall.SIGKILL)
	}
	e.client.Release()
	e.peer.Release()
}

// makeFolder makes a folder of the account's, with a log in it.
func (c *Cluster) makeFolder(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := c.account.Give(dir); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
}

func lastWords(log string) string {
	text, _ := os.ReadFile(log)
	return child.LastLines(string(text), 5)
}
