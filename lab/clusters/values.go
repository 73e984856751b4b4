package clusters

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rap-analyzer/rapbot/lab/regions"
)

// writeValues writes what the shipped values are in production: what the two
// charts have to know of each region. Everything listens on its pod's own
// address, since pods share this machine's.
func (f *Fleet) writeValues() error {
	first := f.Lab.Regions()[0].Name
	for _, r := range f.Lab.Regions() {
		role, zone := "replica", "replica"
		if r.Name == first {
			role, zone = "primary", "primary"
		}
		var slots, peers []string
		for _, other := range f.Lab.Regions() {
			slots = append(slots, regions.SlotName(other.Name))
			if other != r {
				peers = append(peers, fmt.Sprintf("{name: %s, address: %q}", other.Name, f.address(other.Name)))
			}
		}
		postgresql := fmt.Sprintf(`region: %s
role: %s
name: %s
slot: %s
slots: [%s]
primary: {host: %q, port: 5432}
peers: [%s]
gate: {selfFence: %d, every: 1}
superuser: {existingSecret: postgresql-superuser}
replication: {existingSecret: postgresql-replication}
rapbot: {existingSecret: postgresql-rapbot}
database: {existingSecret: rap-analyzer-database}
listenAddresses: $(POD_IP)
service: {type: LoadBalancer}
storage: {size: 1Gi}
exporter: {existingSecret: postgresql-monitor}
backup: {storage: {size: 1Gi}}
config: {max_connections: 60, shared_buffers: 16MB, wal_sender_timeout: 5s}
`, r.Name, role, servers[r.Name], regions.SlotName(r.Name), strings.Join(slots, ", "), f.Host(first), strings.Join(peers, ", "), int(selfFence.Seconds()))
		app := fmt.Sprintf(`global: {region: %s, zone: %s}
replicaCount: 2
database: {host: %q, existingSecret: rap-analyzer-database, sslMode: disable}
config: {ACKNOWLEDGED_FILE: %q}
`, r.Name, zone, f.Host(first), filepath.Join(f.acknowledged(), r.Name))
		for chart, text := range map[string]string{"postgresql": postgresql, "app": app} {
			if err := os.WriteFile(f.values(chart, r.Name), []byte(text), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}
