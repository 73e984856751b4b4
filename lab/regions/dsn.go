package regions

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Viewers of the fleet beside the regions themselves, whose servers see each other under the regions' names.
const (
	ViewerApp = "app"
	ViewerBot = "bot"
)

// DSN is the address of this server's database for a role, past all links: what the lab itself uses.
func (s *Server) DSN(role Role) string { return s.dsn(role, Database) }

// DSNFor is the address at which a viewer reaches this server's database.
func (s *Server) DSNFor(viewer string, role Role) string {
	return s.dsnAt(s.portFor(viewer), role, Database)
}

func (s *Server) dsn(role Role, db string) string { return s.dsnAt(s.Port, role, db) }

func (s *Server) dsnAt(port int, role Role, db string) string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s?sslmode=disable&connect_timeout=2", role, s.fleet.passwords[role], port, db)
}

// portFor is the port on 127.0.0.1 at which a viewer reaches this server: its link's, or the server's own in a fleet without links and for the
// server itself.
func (s *Server) portFor(viewer string) int {
	for _, link := range s.inbound.links {
		if link.Viewer == viewer {
			return link.Port
		}
	}
	return s.Port
}

// MultiHostDSN is the application's address: all the servers, of which the driver takes the one that accepts writes. It is
// in the form of keywords, since Go's URL parser no longer takes several hosts.
func (f *Fleet) MultiHostDSN() string {
	hosts, ports := f.hostsAndPorts(ViewerApp)
	return fmt.Sprintf("host=%s port=%s user=%s password=%s dbname=%s sslmode=disable target_session_attrs=read-write connect_timeout=1",
		hosts, ports, App, f.passwords[App], Database)
}

func (f *Fleet) hostsAndPorts(viewer string) (hosts, ports string) {
	var h, p []string
	for _, server := range f.servers {
		h = append(h, "127.0.0.1")
		p = append(p, strconv.Itoa(server.portFor(viewer)))
	}
	return strings.Join(h, ","), strings.Join(p, ",")
}

// closeNow ends a connection without waiting for a server that does not answer.
func closeNow(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_ = conn.Close(ctx)
}
