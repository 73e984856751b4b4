package helm

import (
	"context"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
)

func inside(t *testing.T) *Helm {
	t.Helper()
	h, err := New(Config{ApplyTimeout: 20 * time.Millisecond, Regions: []Region{{
		Name: "us-east-1", Namespace: "shop", Cluster: func() (*rest.Config, error) { return &rest.Config{}, nil },
		Parts: map[rapbot.Part]Part{rapbot.App: {Release: "shop", Chart: Source{Path: "testdata/shop"}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// What hangs and is no request is told of, and keeps the release to itself until
// it ends.
func TestHelmThatIsStillAtIt(t *testing.T) {
	h := inside(t)
	h.grace = 0
	goOn := make(chan bool)
	_, err := h.act(t.Context(), "us-east-1", rapbot.App, func(*call) (rapbot.Release, error) {
		<-goOn
		return rapbot.Release{}, nil
	})
	if rapbot.ErrorCode(err) != rapbot.Unavailable || !strings.Contains(err.Error(), "Helm is still at shop in us-east-1, longer than 20 ms. What it has changed is not known.") {
		t.Error(err)
	}
	nothing := func(*call) (rapbot.Release, error) { return rapbot.Release{}, nil }
	if _, err := h.act(t.Context(), "us-east-1", rapbot.App, nothing); rapbot.ErrorCode(err) != rapbot.Conflict {
		t.Error("while it hangs: ", err)
	}
	close(goOn)
	h.grace = 5 * time.Second
	for { // each try waits a moment for its turn
		_, err := h.act(t.Context(), "us-east-1", rapbot.App, nothing)
		if err == nil {
			return
		}
		if rapbot.ErrorCode(err) != rapbot.Conflict {
			t.Fatal("afterwards: ", err)
		}
	}
}

func TestPanicIsAnError(t *testing.T) {
	h := inside(t)
	for range 2 { // and the release is free again
		_, err := h.act(t.Context(), "us-east-1", rapbot.App, func(*call) (rapbot.Release, error) { panic("hunter2") })
		if rapbot.ErrorCode(err) != rapbot.Internal || strings.Contains(err.Error(), "hunter2") {
			t.Error(err)
		}
	}
}

// The work of a change has the deadline, and not the caller's end.
func TestWorkOutlivesItsCaller(t *testing.T) {
	h := inside(t)
	ctx, giveUp := context.WithCancel(t.Context())
	_, err := h.act(ctx, "us-east-1", rapbot.App, func(c *call) (rapbot.Release, error) {
		giveUp()
		if err := c.ctx.Err(); err != nil {
			t.Error("the work ended with its caller: ", err)
		}
		<-c.ctx.Done()
		return rapbot.Release{}, nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestWhatHoldsData(t *testing.T) {
	for path, want := range map[string]bool{
		"/api/v1/namespaces/shop/persistentvolumeclaims/data":                    true,
		"/api/v1/namespaces/shop/persistentvolumeclaims":                         true,
		"/k8s/clusters/c-1/api/v1/namespaces/shop/persistentvolumeclaims/data":   true,
		"/api/v1/namespaces/shop":                                                true,
		"/api/v1/persistentvolumes/pv":                                           true,
		"/api/v1/namespaces/shop/secrets/persistentvolumeclaims":                 false,
		"/api/v1/namespaces/shop/configmaps/data":                                false,
		"/apis/apps/v1/namespaces/shop/statefulsets/shop":                        false,
		"/apis/rbac.authorization.k8s.io/v1/namespaces/shop/roles/shop":          false,
		"/api/v1/namespaces/persistentvolumeclaims/pods/persistentvolumeclaims2": false,
	} {
		if got := holdsData(path); got != want {
			t.Errorf("%s: %v", path, got)
		}
	}
}

// Helm copies the labels of the revision before.
func TestMarkCountsForItsRevisionOnly(t *testing.T) {
	m := &marking{owner: "us", until: time.Unix(1000, 0)}
	r := &release.Release{Version: 7, Info: &release.Info{Status: common.StatusPendingUpgrade}, Labels: map[string]string{"team": "x"}}
	m.mark(r)
	owner, until, is := marked(r)
	if owner != "us" || until != time.Unix(1001, 0) || !is || r.Labels["team"] != "x" {
		t.Errorf("marked by %q until %v, %v, labels %v", owner, until, is, r.Labels)
	}
	r.Version = 8
	if _, _, is := marked(r); is {
		t.Error("the next revision is taken for ours")
	}
	ended := &release.Release{Version: 7, Info: &release.Info{Status: common.StatusDeployed}}
	m.mark(ended)
	if len(ended.Labels) != 0 {
		t.Errorf("a revision that nobody is at is marked: %v", ended.Labels)
	}
}

func TestLastGoodRevision(t *testing.T) {
	of := func(version int, status common.Status, words string, back int) *release.Release {
		return &release.Release{Version: version, Info: &release.Info{Status: status, Description: words, RollbackRevision: back}}
	}
	for name, test := range map[string]struct {
		history []*release.Release
		want    int
	}{
		"none":                     {[]*release.Release{of(1, common.StatusPendingInstall, "", 0)}, 0},
		"deployed":                 {[]*release.Release{of(3, common.StatusPendingUpgrade, "", 0), of(2, common.StatusFailed, "", 0), of(1, common.StatusDeployed, "", 0)}, 1},
		"killed in the last step":  {[]*release.Release{of(3, common.StatusPendingUpgrade, "", 0), of(2, common.StatusSuperseded, "", 0), of(1, common.StatusSuperseded, "", 0)}, 2},
		"mended before":            {[]*release.Release{of(4, common.StatusPendingUpgrade, "", 0), of(3, common.StatusDeployed, "Rollback to 1: revision 2 had been left pending-upgrade", 1), of(2, common.StatusFailed, "", 0), of(1, common.StatusSuperseded, "", 0)}, 1},
		"mended, the first pruned": {[]*release.Release{of(4, common.StatusPendingUpgrade, "", 0), of(3, common.StatusDeployed, "Rollback to 1: revision 2 had been left pending-upgrade", 1)}, 3},
		"rolled back by a person":  {[]*release.Release{of(4, common.StatusPendingUpgrade, "", 0), of(3, common.StatusDeployed, "Rollback to 1", 1), of(1, common.StatusSuperseded, "", 0)}, 3},
		"mended, then upgraded":    {[]*release.Release{of(5, common.StatusPendingUpgrade, "", 0), of(4, common.StatusDeployed, "Upgrade complete. Rollback to 1: revision 2 had been left pending-upgrade", 0), of(1, common.StatusSuperseded, "", 0)}, 4},
	} {
		got := 0
		if r := lastGood(test.history); r != nil {
			got = r.Version
		}
		if got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}
