package rapbot_test

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

const versionsPage = `# PostgreSQL versions

Drawn from the table in versions.go by ` + "`go test . -run Versions -update`" + `; do not edit.
Versions before %d are refused. Newer ones than %d are warned of: a switchover asks the servers themselves for all that it rests upon,
so what has changed there leads to a roll-back before anybody is promoted.

| | %s |
|---|%s
`

// abilityWords are what people call the columns of the table.
var abilityWords = map[string]string{
	"TargetSessionPrimary": "Replicas find a primary that is set to read-only (target_session_attrs=primary)",
	"GrantsOnParameters":   "rapbot's login is no superuser (GRANT … ON PARAMETER)",
	"CheckpointRole":       "A login that is no superuser may checkpoint (pg_checkpoint)",
	"WALInspect":           "Proof from the target's own log (pg_walinspect); otherwise from the stopped primary's data, or the marker row alone",
	"ReservedConnections":  "Connections can be kept for rapbot (reserved_connections)",
	"RewindAfterPromotion": "pg_rewind needs no checkpoint on a server just promoted",
	"SlotReasons":          "A slot tells why it was given up and since when it is idle",
	"AllowAlterSystem":     "ALTER SYSTEM can be forbidden (allow_alter_system); then nothing can be switched",
	"IdleSlotTimeout":      "A slot that is idle for long may be given up (idle_replication_slot_timeout)",
	"ChecksumsByDefault":   "Data checksums, which a rewind needs, are on by default",
}

func TestVersionsPageIsFresh(t *testing.T) {
	all := rapbot.Abilities()
	var majors []string
	for _, a := range all {
		majors = append(majors, fmt.Sprint(a.Major))
	}
	want := fmt.Sprintf(versionsPage, rapbot.OldestMajor(), rapbot.NewestMajor(), strings.Join(majors, " | "), strings.Repeat("---|", len(all)))
	kind := reflect.TypeFor[rapbot.Ability]()
	for i := 1; i < kind.NumField(); i++ {
		name := kind.Field(i).Name
		if abilityWords[name] == "" {
			t.Errorf("no words for %s", name)
		}
		want += "| " + abilityWords[name] + " |"
		for _, a := range all {
			want += map[bool]string{true: " yes |", false: " – |"}[reflect.ValueOf(a).Field(i).Bool()]
		}
		want += "\n"
	}
	const file = "docs/versions.md"
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Error("docs/versions.md is not what the table says; run go test . -run Versions -update")
	}
}

// The versions stand in order and without a gap, and what one can do the next
// can do too: AbilityOf counts on that.
func TestAbilitiesGrow(t *testing.T) {
	all := rapbot.Abilities()
	for i, a := range all[1:] {
		if a.Major != all[i].Major+1 {
			t.Errorf("%d comes after %d", a.Major, all[i].Major)
		}
		before, now := reflect.ValueOf(all[i]), reflect.ValueOf(a)
		for f := 1; f < now.NumField(); f++ {
			if before.Field(f).Bool() && !now.Field(f).Bool() {
				t.Errorf("%d cannot do what %d could: %s", a.Major, all[i].Major, now.Type().Field(f).Name)
			}
		}
	}
	if old := rapbot.AbilityOf(12); old != (rapbot.Ability{Major: 12}) {
		t.Errorf("12: %+v", old)
	}
	if next := rapbot.AbilityOf(99); next.Major != 99 || !next.WALInspect || !next.IdleSlotTimeout {
		t.Errorf("99: %+v", next)
	}
}

// planOn plans a switchover between servers of one version.
func planOn(t *testing.T, version int, change func(primary, target *rapbot.Server, site *rapbot.Site)) rapbot.Plan {
	t.Helper()
	a, b, c := primaryAt("a", 1), replicaAt("b", 1, noon), replicaAt("c", 1, noon)
	a.Server.Version, b.Server.Version, c.Server.Version = version, version, version
	sites := []rapbot.Site{{Name: "a", Slot: "a", Instance: true}, {Name: "b", Slot: "b", Instance: true}, {Name: "c", Slot: "c", Instance: true}}
	if change != nil {
		change(&a.Server, &b.Server, &sites[0])
	}
	p, err := rapbot.PlanSwitchover(fleet(a, b, c), sites, "b", rapbot.Limits{MaxLag: time.Second, MaxLagBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlansByVersion(t *testing.T) {
	volume := func(_, _ *rapbot.Server, site *rapbot.Site) { site.Volume = true }
	tests := []struct {
		name    string
		version int
		change  func(primary, target *rapbot.Server, site *rapbot.Site)
		check   string // the one that did not pass; empty for none
		verdict rapbot.Verdict
		words   string // in its detail or fix
		proof   rapbot.Proof
	}{
		{"12", 120022, nil, "Versions", rapbot.Fail, "PostgreSQL 12 is too old", rapbot.ProofMarker},
		{"13 without the data", 130023, nil, "Proof that nothing is missing", rapbot.Warn, "marker row is the only proof, and a may need a rewind", rapbot.ProofMarker},
		{"14 with the data", 140023, volume, "Proof that nothing is missing", rapbot.Warn, "the stopped a ends is compared", rapbot.ProofControl},
		{"14 by an ordinary login", 140023, func(p, _ *rapbot.Server, _ *rapbot.Site) { p.MissingGrants = []string{"SUPERUSER"} }, "Privileges", rapbot.Fail, "grants13.sql", rapbot.ProofMarker},
		{"15", 150018, nil, "", "", "", rapbot.ProofLog},
		{"15 with the data", 150018, volume, "", "", "", rapbot.ProofLog},
		{"15 without a grant", 150018, func(p, _ *rapbot.Server, _ *rapbot.Site) { p.MissingGrants = []string{"pg_monitor"} }, "Privileges", rapbot.Fail, "docs/grants.sql", rapbot.ProofLog},
		{"17 with ALTER SYSTEM forbidden", 170010, func(_, s *rapbot.Server, _ *rapbot.Site) { s.AlterSystemOff = true }, "ALTER SYSTEM is allowed", rapbot.Fail, "off on b", rapbot.ProofLog},
		{"18 with few connections left", 180004, func(p, _ *rapbot.Server, _ *rapbot.Site) { p.FreeConnections = 4 }, "Connections free for rapbot", rapbot.Warn, "4 on a, 50 on b; reserved_connections", rapbot.ProofLog},
		{"18 with a slot given up", 180004, func(p, _ *rapbot.Server, _ *rapbot.Site) {
			p.Slots = []rapbot.Slot{{Name: "b", Status: "lost", Reason: "idle_timeout"}}
		}, "Slot of b is whole", rapbot.Fail, "base backup", rapbot.ProofLog},
		{"19", 190000, nil, "Versions", rapbot.Warn, "tested up to 18", rapbot.ProofLog},
		{"19 with a hurried shutdown", 190000, func(p, _ *rapbot.Server, _ *rapbot.Site) { p.HurriedShutdown = true }, "The shutdown of a waits for the replicas", rapbot.Fail, "wal_sender_shutdown_timeout = -1", rapbot.ProofLog},
		{"two majors", 150018, func(_, s *rapbot.Server, _ *rapbot.Site) { s.Version = 160014 }, "Versions", rapbot.Fail, "same major", rapbot.ProofLog},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := planOn(t, tt.version, tt.change)
			if p.Proof() != tt.proof || p.Fact(rapbot.FactProof) != string(tt.proof) {
				t.Errorf("proof %q, want %q", p.Proof(), tt.proof)
			}
			troubled := slices.Concat(p.ChecksWith(rapbot.Fail), p.ChecksWith(rapbot.Warn))
			i := slices.IndexFunc(troubled, func(c rapbot.Check) bool { return c.Name == tt.check })
			switch {
			case tt.check == "" && len(troubled) > 0:
				t.Errorf("have %+v", troubled)
			case tt.check != "" && i < 0:
				t.Errorf("no trouble with %q in %+v", tt.check, troubled)
			case tt.check != "" && (troubled[i].Verdict != tt.verdict || !strings.Contains(troubled[i].Detail+" "+troubled[i].Fix, tt.words)):
				t.Errorf("have %+v, want %s and %q", troubled[i], tt.verdict, tt.words)
			}
		})
	}
}

// An approval is for the proof that was shown, and the words promise no more
// than it gives.
func TestApprovalBindsToTheProof(t *testing.T) {
	bare := planOn(t, 140023, nil)
	with := planOn(t, 140023, func(_, _ *rapbot.Server, site *rapbot.Site) { site.Volume = true })
	if bare.Digest() == with.Digest() || !strings.Contains(with.Difference(bare), "proof was the stopped primary's data and is now the marker row alone") {
		t.Errorf("the proof is not in the digest: %s", with.Difference(bare))
	}
	if old := (rapbot.Plan{}); old.Proof() != rapbot.ProofLog {
		t.Errorf("a plan of before there were several proofs has %q", old.Proof())
	}
	if rapbot.ProofMarker.Claim() == rapbot.ProofLog.Claim() || rapbot.ProofMarker.Promise() == rapbot.ProofLog.Promise() {
		t.Error("the marker row alone claims as much as the log")
	}
}
