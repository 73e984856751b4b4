package real

import (
	"strings"
	"testing"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/argocd"
)

// TestArgo is the life of two regions: from an empty Argo CD to a version, another,
// one that never becomes ready and back, and a change of primary.
func TestArgo(t *testing.T) {
	w := newWorld(t)

	// From nothing, one region after the other.
	_, err := w.argo.Release(t.Context(), west, rapbot.App)
	expect(t, err, rapbot.NotFound, "There is no ApplicationSet")
	w.apply(rapbot.Change{Region: west, Set: tag("v1"), Install: true})
	w.settles(west, "v1")
	w.apply(rapbot.Change{Region: east, Set: tag("v1"), Install: true})
	w.settles(east, "v1")

	// Another version, in one region only.
	if r := w.apply(rapbot.Change{Region: west, Set: tag("v2")}); r.Revision != 2 {
		t.Errorf("%+v", r)
	}
	w.settles(west, "v2")
	w.settles(east, "v1")

	// One whose image is not there: Argo CD never says that all is well; back by a
	// rapbot that knows nothing.
	w.apply(rapbot.Change{Region: west, Set: tag("v3-imagepull")})
	w.keeps(west, "it is synced and not ready", func(k rapbot.Keeping) bool { return k.Says == "Synced, Progressing" && !k.Settled })
	again, err := argocd.New(w.config)
	must(t, err)
	if r, err := again.RollBack(t.Context(), west, rapbot.App, 2); err != nil || r.Version != "v2" || r.Revision != 4 {
		t.Fatalf("%+v, %v", r, err)
	}
	w.settles(west, "v2")

	// After a change of primary the repository, the ApplicationSet and the cluster
	// say the same.
	w.apply(rapbot.Change{Region: west, Set: []string{"database.host=db.us-west-2", "database.port=5432", "global.zone=primary"}})
	w.keeps(west, "it follows the primary", func(k rapbot.Keeping) bool { return k.Settled })
	if got := w.host(west); got != "db.us-west-2" {
		t.Errorf("the application asks %s", got)
	}
	if _, err := w.argo.RollBack(t.Context(), west, rapbot.App, 1); err != nil {
		t.Fatal(err)
	}
	w.settles(west, "v1")
	if got := w.host(west); got != "db.us-west-2" {
		t.Errorf("after going back to a version the application asks %s", got)
	}
}

// TestTrouble is what Argo CD says when it is in the way, and what rapbot does
// about others who change the same.
func TestTrouble(t *testing.T) {
	w := newWorld(t)
	w.apply(rapbot.Change{Region: west, Set: tag("v1"), Install: true})
	w.settles(west, "v1")

	// Somebody else's change between a look and a patch.
	p, err := w.argo.Preview(t.Context(), rapbot.Change{Region: west, Part: rapbot.App, Set: tag("v3")})
	must(t, err)
	if now, err := w.argo.Release(t.Context(), west, rapbot.App); err != nil || now.Revision != 1 || now.Version != "v1" {
		t.Fatalf("a preview has changed something: %+v, %v", now, err)
	}
	w.patch(`[{"op":"replace","path":"/spec/generators/0/list/elements/0/version","value":"v2"}]`)
	now, err := w.argo.Release(t.Context(), west, rapbot.App)
	if err != nil || now.Revision != p.Release.Revision+1 || now.Version != "v2" {
		t.Errorf("%+v, %v", now, err)
	}
	w.settles(west, "v2")

	// Automated sync is off.
	w.patch(`[{"op":"remove","path":"/spec/template/spec/syncPolicy/automated"}]`)
	w.keeps(west, "automated sync is off", func(k rapbot.Keeping) bool { return k.Idle })
	w.apply(rapbot.Change{Region: west, Set: tag("v3")})
	k := w.keeps(west, "nobody syncs", func(k rapbot.Keeping) bool { return strings.HasPrefix(k.Says, "OutOfSync") && k.Trouble != "" })
	if !strings.Contains(k.Fix, "`argocd app sync rap-analyzer-us-west-2`") {
		t.Errorf("%+v", k)
	}
	w.patch(`[{"op":"add","path":"/spec/template/spec/syncPolicy/automated","value":{"prune":true,"selfHeal":true}}]`)
	w.settles(west, "v3")

	// A template that does not render.
	w.patch(`[{"op":"add","path":"/spec/template/metadata/labels/x","value":"{{.nobody}}"}]`)
	w.apply(rapbot.Change{Region: west, Set: tag("v4")})
	w.keeps(west, "the ApplicationSet does not render", func(k rapbot.Keeping) bool { return k.Stuck && strings.HasPrefix(k.Trouble, "ErrorOccurred: ") })
	w.patch(`[{"op":"remove","path":"/spec/template/metadata/labels/x"}]`)
	w.settles(west, "v4")

	// A chart that does not render.
	must(t, w.gitops.Repository.Commit(t.Context(), "break it", map[string]string{"charts/rap-analyzer/templates/broken.yaml": "{{ fail \"nobody can render this\" }}\n"}))
	w.apply(rapbot.Change{Region: west, Set: tag("v5")})
	w.keeps(west, "the chart does not render", func(k rapbot.Keeping) bool {
		return k.Stuck && strings.HasPrefix(k.Trouble, "ComparisonError: ") && strings.Contains(k.Trouble, "nobody can render this")
	})
	must(t, w.gitops.Repository.Commit(t.Context(), "mend it", map[string]string{"charts/rap-analyzer/templates/broken.yaml": "\n"}))
	w.refresh(west)
	w.settles(west, "v5")
}

// TestRights is what is said when a right is missing; and the cluster that knows
// no Argo CD.
func TestRights(t *testing.T) {
	w := newWorld(t)
	for _, c := range w.argo.Examine(t.Context()) {
		if c.Verdict == rapbot.Fail {
			t.Errorf("with all rights: %+v", c)
		}
	}
	w.apply(rapbot.Change{Region: west, Set: tag("v1"), Install: true})
	w.settles(west, "v1")
	checks := w.argo.Examine(t.Context())
	if len(checks) != 3 || checks[0].Verdict != rapbot.Pass || checks[2].Verdict != rapbot.Pass || checks[2].Detail != "Synced, Healthy" {
		t.Errorf("%+v", checks)
	}
	w.may(rules[0])
	_, err := w.argo.Preview(t.Context(), rapbot.Change{Region: west, Part: rapbot.App, Set: tag("v2")})
	expect(t, err, rapbot.Invalid, "cannot patch resource \"applicationsets\"")
	_, err = w.argo.Apply(t.Context(), rapbot.Change{Region: west, Part: rapbot.App, Set: tag("v2")})
	expect(t, err, rapbot.Invalid, "cannot patch resource \"applicationsets\"")
	expect(t, err, rapbot.Invalid, "Nothing was changed. Give rapbot the right: rbac.argocd")
	checks = w.argo.Examine(t.Context())
	if len(checks) != 1 || checks[0].Verdict != rapbot.Fail || checks[0].Detail != "rapbot may not patch applicationsets rap-analyzer in argocd, nor create applicationsets in argocd" {
		t.Errorf("%+v", checks)
	}
	w.may()
	_, err = w.argo.Release(t.Context(), west, rapbot.App)
	expect(t, err, rapbot.Invalid, "cannot get resource \"applicationsets\"")
	if strings.Contains(err.Error(), w.config.Rest.BearerToken) {
		t.Error("the token is in the error")
	}

	elsewhere := w.config
	elsewhere.Where, elsewhere.Rest = west, w.room.Region(west).Config
	none, err := argocd.New(elsewhere)
	must(t, err)
	_, err = none.Release(t.Context(), west, rapbot.App)
	expect(t, err, rapbot.Invalid, "Argo CD is not installed in us-west-2: its API server knows no ApplicationSets. Nothing was changed. Install it there")
	if got := w.set(); got.GetName() == "" {
		t.Error("the ApplicationSet is gone")
	}
}
