package postgres

import (
	"context"
	_ "embed" // the question
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/rap-analyzer/rapbot"
)

//go:embed upstream.sql
var upstreamSQL string

// upstream is where a server streams from.
type upstream struct {
	replica         bool
	slot            string // primary_slot_name
	slotAltered     bool   // it stands in postgresql.auto.conf, where a RESET would lose it
	conninfo        string // primary_conninfo; empty when there is trouble with it
	conninfoAltered bool
	trouble         string // why it is not to be read or changed: password, address, empty, diverted
}

func (f *Fleet) upstream(ctx context.Context, name string, most time.Duration) (u upstream, err error) {
	err = f.onWithin(ctx, most, name, func(ctx context.Context, conn *pgx.Conn) error {
		return conn.QueryRow(ctx, upstreamSQL).Scan(&u.replica, &u.slot, &u.slotAltered, &u.conninfoAltered, &u.trouble, &u.conninfo)
	})
	return u, err
}

// The statements that keep a replica from receiving anything, and that let it
// again. The connection string stays as it is: it may hold a password.
const resetSlot = "ALTER SYSTEM RESET primary_slot_name"

func freezeSlot(p rapbot.Plan) string { return setSlot(rapbot.FrozenName(plannedTimeline(p))) }

func setSlot(name string) string     { return "ALTER SYSTEM SET primary_slot_name = " + quote(name) }
func setConninfo(text string) string { return "ALTER SYSTEM SET primary_conninfo = " + quote(text) }

const resetConninfo = "ALTER SYSTEM RESET primary_conninfo"

// quote writes a string constant that means the same whatever
// standard_conforming_strings says.
func quote(text string) string {
	return " E'" + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + "'"
}

// put changes settings in the server's file and returns when they are in
// force. The servers' processes are told at the same moment as this session,
// which has therefore seen what they have.
func (f *Fleet) put(ctx context.Context, name string, most time.Duration, statements ...string) error {
	return f.onWithin(ctx, most, name, func(ctx context.Context, conn *pgx.Conn) error { return put(ctx, conn, statements...) })
}

func put(ctx context.Context, conn *pgx.Conn, statements ...string) error {
	for _, statement := range statements {
		if _, err := conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	var asked time.Time
	if err := conn.QueryRow(ctx, "SELECT clock_timestamp(), pg_reload_conf()").Scan(&asked, nil); err != nil {
		return err
	}
	for {
		var loaded bool
		if err := conn.QueryRow(ctx, "SELECT pg_conf_load_time() >= $1", asked).Scan(&loaded); err != nil || loaded {
			return err
		}
		if err := pause(ctx, glance); err != nil {
			return err
		}
	}
}

// unfreeze lets a replica receive again, from where it did before. What stands
// in the file and is not in force yet counts as well.
func (f *Fleet) unfreeze(ctx context.Context, run rapbot.StepRun, name string) error {
	before, slot := slotBeforeOf(run, name), f.region(name).Slot
	return f.onWithin(ctx, f.patienceFor(name), name, func(ctx context.Context, conn *pgx.Conn) error {
		if err := put(ctx, conn); err != nil {
			return err
		}
		now, diverted, err := settingsOf(ctx, conn)
		if err != nil {
			return err
		}
		var statements []string
		if diverted {
			statements = append(statements, conninfoBefore(run, name))
		}
		frozen := strings.HasPrefix(now, rapbot.FrozenSlot)
		switch {
		case frozen && before.altered && before.name == slot:
			return put(ctx, conn, append(statements, setSlot(slot))...)
		case frozen:
			statements = append(statements, resetSlot)
		}
		if len(statements) == 0 {
			return nil
		}
		if err := put(ctx, conn, statements...); err != nil || !frozen {
			return err
		}
		now, _, err = settingsOf(ctx, conn)
		switch {
		case err != nil:
			return err
		case before.known && now == before.name, !before.known && now != "":
			return nil
		}
		return put(ctx, conn, setSlot(slot)) // it stood where RESET has lost it
	})
}

func settingsOf(ctx context.Context, conn *pgx.Conn) (slot string, diverted bool, err error) {
	err = conn.QueryRow(ctx, `SELECT current_setting('primary_slot_name'),
		current_setting('primary_conninfo') LIKE '%fallback_application_name=rapbot_level'`).Scan(&slot, &diverted)
	return slot, diverted, err
}

// conninfoBefore puts a region's primary_conninfo back. That of the target is
// written down by the freeze if a RESET would lose it; no other one is changed.
func conninfoBefore(run rapbot.StepRun, name string) string {
	if text := run.Evidence[evTargetConninfo]; text != "" && name == run.Plan.To {
		return setConninfo(text)
	}
	return resetConninfo
}

// slotBefore is what primary_slot_name was before a region was frozen.
type slotBefore struct {
	known   bool
	name    string
	altered bool // it stood in postgresql.auto.conf
}

// evSlotBefore is where it is kept as evidence, a key for each region.
const evSlotBefore = "slot_before "

const alteredMark = " (postgresql.auto.conf)"

func (s slotBefore) String() string {
	text := s.name
	if text == "" {
		text = "none"
	}
	if s.altered {
		text += alteredMark
	}
	return text
}

func slotBeforeOf(run rapbot.StepRun, name string) slotBefore {
	text, known := run.Evidence[evSlotBefore+name]
	if !known {
		return slotBefore{}
	}
	slot, altered := strings.CutSuffix(text, alteredMark)
	if slot == "none" {
		slot = ""
	}
	return slotBefore{known: true, name: slot, altered: altered}
}

// replicationAddress is where another region's server reaches this one.
func (f *Fleet) replicationAddress(name string) (host, port string, err error) {
	r := f.region(name)
	address := r.ReplicationAddress
	if address == "" {
		address = r.link.address()
	}
	host, port, err = net.SplitHostPort(address)
	if err != nil {
		return "", "", notNow("The replication address of %s is not host:port.", name)
	}
	return host, port, nil
}

var led = regexp.MustCompile(` host='[^']*' hostaddr='' port='[0-9]+'$`)

// toward makes a connection string that leads to one server as long as it is a
// primary. Of a keyword that is given twice libpq takes the last.
func toward(conninfo, host, port string) string {
	return fmt.Sprintf("%s host='%s' hostaddr='' port='%s'", led.ReplaceAllString(conninfo, ""), host, port)
}

// divert makes a connection string that leads to one server, whatever its
// role. Of a keyword that is given twice libpq takes the last. The end is
// what the string is known by.
func divert(conninfo, host, port string) string {
	value := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	return fmt.Sprintf("%s host='%s' hostaddr='' port='%s' target_session_attrs=any fallback_application_name=rapbot_level",
		conninfo, value.Replace(host), value.Replace(port))
}
