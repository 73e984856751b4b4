package patroni

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"go.yaml.in/yaml/v4"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/loopback"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// node is one Patroni and the PostgreSQL that it keeps.
type node struct {
	name, dir      string
	cluster        *Cluster
	postgres, rest loopback.Reservation
	process        *child.Child // nil before the first launch
}

func (n *node) dataDir() string { return filepath.Join(n.dir, "data") }

// dsn is a superuser's address of a database.
func (n *node) dsn(db string) string {
	return fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable&connect_timeout=2", superuser, n.cluster.superPassword, n.postgres.Addr(), db)
}

func (n *node) layOut() (err error) {
	if n.postgres, err = loopback.Reserve(); err != nil {
		return err
	}
	if n.rest, err = loopback.Reserve(); err != nil {
		return err
	}
	log, err := n.cluster.makeFolder(n.dir)
	if err != nil {
		return err
	}
	defer log.Close()
	text, err := yaml.Marshal(n.config())
	if err != nil {
		return err
	}
	return n.cluster.account.WriteFile(filepath.Join(n.dir, "patroni.yml"), string(text))
}

// config is patroni.yml. What it leaves out has Patroni's default, ttl 30, loop_wait 10 and retry_timeout 10 among it.
func (n *node) config() map[string]any {
	type m = map[string]any
	c := n.cluster
	return m{
		"scope": "rap", "name": n.name,
		"restapi": m{"listen": n.rest.Addr(), "connect_address": n.rest.Addr()},
		"etcd3":   m{"hosts": c.etcd.client.Addr()},
		"bootstrap": m{
			"dcs": m{"postgresql": m{"use_pg_rewind": true, "use_slots": true, "parameters": regions.Settings()}},
			// As lab/regions makes its servers: checksums, and no sync of what is still empty.
			"initdb": []any{m{"encoding": "UTF8"}, m{"locale": "C"}, "data-checksums", "no-sync"},
		},
		"postgresql": m{
			"listen": n.postgres.Addr(), "connect_address": n.postgres.Addr(),
			"data_dir": n.dataDir(), "bin_dir": c.pg.Dir, "pgpass": filepath.Join(n.dir, "pgpass"),
			"pg_hba":     strings.Split(strings.TrimSpace(regions.AccessRules), "\n"),
			"basebackup": []any{m{"checkpoint": "fast"}, "no-sync"},
			"authentication": m{
				"superuser":   m{"username": superuser, "password": c.superPassword},
				"replication": m{"username": replicator, "password": c.replicaPassword},
			},
		},
	}
}

// launch starts Patroni, which starts PostgreSQL.
func (n *node) launch() error {
	log, err := os.OpenFile(filepath.Join(n.dir, "log"), os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := n.cluster.account.Command(n.dir, "patroni", filepath.Join(n.dir, "patroni.yml"))
	cmd.Stdout, cmd.Stderr = log, log
	n.process, err = child.Start(cmd)
	return err
}

// kill ends Patroni, PostgreSQL and whatever else works for the node at once, as a machine that dies.
func (n *node) kill() error {
	if n.process == nil {
		return nil
	}
	n.process.MarkEnding()
	if err := killIn(n.dir); err != nil {
		return fmt.Errorf("kill %s: %w", n.name, err)
	}
	<-n.process.Done()
	regions.Sweep(n.dataDir())
	return nil
}

// streams counts the replicas that stream from this node, by its own word.
func (n *node) streams(ctx context.Context) (replicas int) {
	conn, err := pgx.Connect(ctx, n.dsn(regions.Database))
	if err != nil {
		return 0
	}
	defer conn.Close(ctx)
	_ = conn.QueryRow(ctx, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'").Scan(&replicas) // no answer is none
	return replicas
}
