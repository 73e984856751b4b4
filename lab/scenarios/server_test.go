package scenarios

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot/lab/regions"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// asAdmin asks a server as its superuser, past every link.
func (s *stage) asAdmin(region, question string, args ...any) (rows [][]string, err error) {
	conn, err := pgx.Connect(s.Context(), s.Fleet.Region(region).DSN(regions.Admin))
	if err != nil {
		return nil, err
	}
	defer conn.Close(s.Context())
	found, err := conn.Query(s.Context(), question, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, func(row pgx.CollectableRow) (texts []string, err error) {
		for _, raw := range row.RawValues() {
			texts = append(texts, string(raw))
		}
		return texts, nil
	})
}

// hasRow tells whether a region's server shows a row of the writer's.
func (s *stage) hasRow(region string, id int64) bool {
	rows, err := s.asAdmin(region, "SELECT id::text FROM writes WHERE id = $1", id)
	return err == nil && len(rows) == 1
}

// settings is everything of all servers that an operation might leave changed.
func (s *stage) settings() map[string]map[string]string {
	s.Helper()
	all := map[string]map[string]string{}
	for _, server := range s.Fleet.Servers() {
		of := map[string]string{}
		rows, err := s.asAdmin(server.Name, `SELECT name, setting || ' from ' || source FROM pg_settings
			UNION ALL SELECT 'slot ' || slot_name, slot_type FROM pg_replication_slots
			UNION ALL SELECT 'is a replica', pg_is_in_recovery()::text`)
		s.must(err)
		for _, row := range rows {
			of[row[0]] = row[1]
		}
		auto, err := os.ReadFile(filepath.Join(server.DataDir(), "postgresql.auto.conf"))
		s.must(err)
		lines := strings.Split(string(auto), "\n") // ALTER SYSTEM writes to the end of the file, so their order says nothing
		slices.Sort(lines)
		of["postgresql.auto.conf"] = strings.Join(lines, "\n")
		all[server.Name] = of
	}
	return all
}

// appPort is the port at which the application reaches a region.
func (s *stage) appPort(region string) uint16 {
	s.Helper()
	address, err := url.Parse(s.Fleet.Region(region).DSNFor(regions.ViewerApp, regions.App))
	s.must(err)
	port, err := strconv.ParseUint(address.Port(), 10, 16)
	s.must(err)
	return uint16(port)
}

// awaitWrites waits until so many more rows have been acknowledged.
func (s *stage) awaitWrites(n int64) {
	s.Helper()
	before := s.Writer.Counters().Acknowledged
	if wait.Until(s.within(time.Minute), time.Millisecond, func() bool { return s.Writer.Counters().Acknowledged >= before+n }) != nil {
		s.Fatalf("no %d rows are acknowledged: %+v", n, s.Writer.Counters())
	}
}

// firstAck is the first row that a region acknowledged after a moment, and the
// last that any other acknowledged before it.
func (s *stage) firstAck(region string, after time.Time) (before, first regions.Ack) {
	s.Helper()
	port := s.appPort(region)
	err := wait.Until(s.within(time.Minute), 20*time.Millisecond, func() bool {
		before = regions.Ack{}
		for _, ack := range s.Writer.Acks() {
			if ack.Port == port && ack.At.After(after) {
				first = ack
				return true
			}
			before = ack
		}
		return false
	})
	if err != nil {
		s.Fatalf("%s acknowledges nothing: %+v", region, s.Writer.Counters())
	}
	return before, first
}

// replicas are the regions that are replicas now.
func (s *stage) replicas() []string {
	s.Helper()
	var names []string
	for _, r := range s.Fleet.Status(s.Context()) {
		if r.Role == "replica" {
			names = append(names, r.Name)
		}
	}
	return names
}
