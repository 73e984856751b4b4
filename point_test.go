package rapbot_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
)

func placed(name string) rapbot.Site {
	return rapbot.Site{Name: name, Slot: name, Instance: true, App: true, Release: true, Host: "db-" + name, Port: 5432}
}

func pointed(p rapbot.Plan, part rapbot.Part) (out []string) {
	for i, s := range p.Steps {
		if s.Kind == rapbot.StepPoint && s.Part == part {
			before := slices.ContainsFunc(p.Steps[:i], func(s rapbot.Step) bool { return s.Commits })
			if !before || !s.Optional {
				out = append(out, "too early, or holds the operation up:")
			}
			out = append(out, s.Region+" "+strings.Join(s.Set, " "))
		}
	}
	return out
}

// What the regions run asks the new primary, and Helm says what the servers are,
// in every plan that moves a role, and only after the point of no return.
func TestPlansPointAtThePrimary(t *testing.T) {
	sites := []rapbot.Site{placed("a"), placed("b"), placed("c")}
	healthy := fleet(primaryAt("a", written), replicaAt("b", written, noon), replicaAt("c", written, noon))
	over, err := rapbot.PlanSwitchover(healthy, sites, "b", rapbot.Limits{MaxLag: 30e9, MaxLagBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"b database.host=db-b database.port=5432 global.zone=primary",
		"a database.host=db-b database.port=5432 global.zone=replica",
		"c database.host=db-b database.port=5432 global.zone=replica",
	}
	if got := pointed(over, rapbot.App); !slices.Equal(got, want) {
		t.Errorf("the applications: %q", got)
	}
	want = []string{
		"b role=primary epoch=2 primary.host=db-b primary.port=5432",
		"a role=replica epoch=2 primary.host=db-b primary.port=5432",
		"c role=replica epoch=2 primary.host=db-b primary.port=5432",
	}
	if got := pointed(over, rapbot.Database); !slices.Equal(got, want) {
		t.Errorf("the servers: %q", got)
	}

	lost := fleet(gone("a", true), replicaAt("b", written, noon), replicaAt("c", written, noon))
	force, err := rapbot.PlanFailover(lost, sites, "b", rapbot.Limits{}, rapbot.Clues{})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []rapbot.Part{rapbot.App, rapbot.Database} {
		if got := pointed(force, part); len(got) != 2 || strings.HasPrefix(got[0], "a ") || strings.HasPrefix(got[1], "a ") {
			t.Errorf("a lost region is not waited for: %q", got)
		}
	}

	back := fleet(gone("a", true), promoted("b"), replicaAt("c", written, noon))
	rejoin, err := rapbot.PlanRejoin(back, sites, "a", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := pointed(rejoin, rapbot.App); !slices.Equal(got, []string{"a database.host=db-b database.port=5432 global.zone=replica"}) {
		t.Errorf("the region that comes back: %q", got)
	}
}

// A fleet outside of Kubernetes has no releases to change.
func TestPlansWithoutReleases(t *testing.T) {
	sites := []rapbot.Site{{Name: "a"}, {Name: "b", Host: "db-b", Port: 5432}, {Name: "c"}}
	p, err := rapbot.PlanSwitchover(fleet(primaryAt("a", written), replicaAt("b", written, noon), replicaAt("c", written, noon)), sites, "b", rapbot.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if got := append(pointed(p, rapbot.App), pointed(p, rapbot.Database)...); len(got) > 0 {
		t.Errorf("%q", got)
	}
}
