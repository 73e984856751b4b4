package regions

import (
	"fmt"
	"strings"
)

// commonSettings are the same in every region. The timeouts are short, so that a broken link shows in seconds, and the retries
// frequent, so that a replica follows a new primary at once.
const commonSettings = `
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
shared_buffers = 64MB
# Files in the data folder instead of /dev/shm, where a killed server would leave them behind.
dynamic_shared_memory_type = mmap

wal_level = replica
wal_log_hints = on
fsync = on
max_wal_size = 512MB
# A replica that stays away cannot fill the disk: beyond this its slot is lost, and it needs a new base backup.
max_slot_wal_keep_size = 1GB
max_wal_senders = 10
max_replication_slots = 10
wal_sender_timeout = 5s
wal_receiver_timeout = 5s
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 200ms
hot_standby = on
# Off: readers of a replica must not hold back the primary's cleaning through a slot.
hot_standby_feedback = off

password_encryption = scram-sha-256
lc_messages = 'C'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d %a '
update_process_title = on
jit = off
`

// AccessRules is the real pg_hba.conf, which the gate puts in force: everybody with a password and from loopback only. Replication is for one role; rapbot must not be able to
// take a base backup, which holds everything.
const AccessRules = `host all all 127.0.0.1/32 scram-sha-256
host replication replicator 127.0.0.1/32 scram-sha-256
`

// settings is the server's own configuration file. It lies outside the data folder, because pg_basebackup and pg_rewind carry the
// files inside from one server to another, which would then stream from itself under the other's name. What the bot
// changes with ALTER SYSTEM goes to postgresql.auto.conf and comes after this.
func (s *Server) settings() string {
	return commonSettings + fmt.Sprintf("\nprimary_slot_name = '%s'\nprimary_conninfo = %s\n", s.Slot, quoteSetting(s.Upstream()))
}

// Upstream is the address a replica streams from, its primary_conninfo as declared: all the servers, of which libpq takes the one that is a primary. So
// the replicas follow a promotion without being told, and a region's own address in the list does no harm.
func (s *Server) Upstream() string {
	hosts, ports := s.fleet.hostsAndPorts(s.Name)
	attrs := "primary"
	if !s.fleet.pg.Able().TargetSessionPrimary {
		attrs = "read-write" // libpq 13 does not know primary; a primary set to read-only then loses its replicas
	}
	return fmt.Sprintf("host=%s port=%s user=replicator passfile=%s application_name=%s target_session_attrs=%s "+
		"connect_timeout=2 sslmode=disable gssencmode=disable", hosts, ports, quoteConninfo(s.path("pgpass")), s.Slot, attrs)
}

// passwords is the replicator's passfile, so that no password shows in primary_conninfo, which any monitoring role may read.
func (s *Server) passwords() string {
	var b strings.Builder
	for _, other := range s.fleet.servers {
		fmt.Fprintf(&b, "127.0.0.1:%d:*:replicator:%s\n", other.portFor(s.Name), s.fleet.passwords[replicator])
		fmt.Fprintf(&b, "127.0.0.1:%d:*:replicator:%s\n", other.Port, s.fleet.passwords[replicator]) // past the links, for a fast-forward
	}
	return b.String()
}

// Settings are the settings that are the same in every region, by name: what a fleet that is compared with this one must have too.
func Settings() map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(commonSettings) {
		if name, value, is := strings.Cut(strings.TrimSpace(line), " = "); is && !strings.HasPrefix(name, "#") {
			all[name] = strings.Trim(value, "'")
		}
	}
	return all
}

func quoteSetting(value string) string { return "'" + strings.ReplaceAll(value, "'", "''") + "'" }

func quoteConninfo(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
}
