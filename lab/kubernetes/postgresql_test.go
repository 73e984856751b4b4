package kubernetes

import (
	"context"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot/lab/line"
)

// postgresql is a StatefulSet as the charts have it, as far as the node is concerned: every path and address is told by the environment.
func postgresql(role, primary, address string) string {
	return strings.NewReplacer("<role>", role, "<primary>", primary, "<address>", address).Replace(`
apiVersion: v1
kind: ConfigMap
metadata: {name: postgresql}
data:
  entrypoint.sh: |
    set -e
    if [ ! -s "$PGDATA/PG_VERSION" ]; then
      if [ "$ROLE_NOW" = replica ]; then
        pg_basebackup -c fast -D "$PGDATA" -h "$PRIMARY_HOST" -U postgres -R
      else
        initdb -D "$PGDATA" -A trust -U postgres --no-sync
        echo "host all,replication all all trust" >>"$PGDATA/pg_hba.conf"
      fi
    fi
    exec postgres -D "$PGDATA" -c listen_addresses="$POD_IP" -c unix_socket_directories="$PGHOST" -c fsync=off -c shared_buffers=8MB -c wal_receiver_timeout=2s
---
apiVersion: v1
kind: Service
metadata: {name: postgresql}
spec: {type: LoadBalancer, loadBalancerIP: "<address>", selector: {app: postgresql}, ports: [{port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: postgresql}
spec:
  serviceName: postgresql
  selector: {matchLabels: {app: postgresql}}
  template:
    metadata: {labels: {app: postgresql}}
    spec:
      terminationGracePeriodSeconds: 60
      securityContext: {runAsUser: 999}
      containers:
      - name: postgresql
        image: registry.example.org/postgresql:15
        command: [sh, /scripts/entrypoint.sh]
        lifecycle: {stopSignal: SIGINT}
        env:
        - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
        - {name: PGDATA, value: /var/lib/postgresql/data/pgdata}
        - {name: PGHOST, value: /var/run/postgresql}
        - {name: PGUSER, value: postgres}
        - {name: ROLE_NOW, value: <role>}
        - {name: PRIMARY_HOST, value: "<primary>"}
        readinessProbe: {exec: {command: [pg_isready]}, periodSeconds: 1}
        volumeMounts:
        - {name: data, mountPath: /var/lib/postgresql/data}
        - {name: run, mountPath: /var/run/postgresql}
        - {name: scripts, mountPath: /scripts}
      volumes:
      - {name: run, emptyDir: {}}
      - {name: scripts, configMap: {name: postgresql, defaultMode: 0755}}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`)
}

const west = "--context=us-west-2"

// psql asks a region's server as a person would.
func (r *Room) psql(t *testing.T, region, words string) string {
	t.Helper()
	out, err := r.kubectl(t, "", region, "exec", "postgresql-0", "--", "psql", "-XAtc", words)
	if err != nil {
		return err.Error() + " " + out
	}
	return strings.TrimSpace(out)
}

// A replica in another region copies the primary and follows it, over a line that can be cut, and after its machine was killed.
func TestPostgreSQLAcrossRegions(t *testing.T) {
	room := processesForTest(t)
	node := room.Region("us-east-1").Node
	address, err := node.ServiceAddress(room.Namespace, "postgresql", "")
	must(t, err)
	room.apply(t, postgresql("primary", "", address.String()))
	room.do(t, "rollout", "status", "statefulset/postgresql", "--timeout=60s")
	room.psql(t, "--context=us-east-1", "CREATE TABLE t (n int)")
	eventually(t, "the service leads to the primary", func() bool {
		out, _ := room.kubectl(t, "", "exec", "postgresql-0", "--", "psql", "-h", address.String(), "-XAtc", "SELECT 1")
		return out == "1\n"
	})
	room.apply(t, postgresql("replica", address.String(), ""), west)
	room.do(t, west, "rollout", "status", "statefulset/postgresql", "--timeout=60s")
	streams := func() bool {
		return room.psql(t, "--context=us-east-1", "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "1"
	}
	eventually(t, "the replica streams", streams)

	way := room.Line("us-west-2", "us-east-1")
	t.Cleanup(func() { way.Change(func(tr *line.Traffic) { tr.State = line.OK }, nil) })
	way.Change(func(tr *line.Traffic) { tr.State = line.Cut }, nil)
	eventually(t, "the replica has lost the primary", func() bool { return !streams() })
	way.Change(func(tr *line.Traffic) { tr.State = line.OK }, nil)
	eventually(t, "the replica streams again", streams)

	t.Cleanup(func() { must(t, node.Start(context.Background())) })
	node.Kill()
	eventually(t, "the replica has lost the primary", func() bool {
		return room.psql(t, west, "SELECT count(*) FROM pg_stat_wal_receiver") == "0"
	})
	must(t, node.Start(t.Context()))
	eventually(t, "the replica streams from the primary that is back", streams)
	room.do(t, west, "exec", "postgresql-0", "--", "pg_ctl", "promote", "-D", "/var/lib/postgresql/data/pgdata")
}
