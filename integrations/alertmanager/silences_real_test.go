package alertmanager

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
	lab "github.com/rap-analyzer/rapbot/lab/alertmanager"
)

// TestRealSilences makes, lists, looks up and ends silences of a real
// Alertmanager, and sees that an alert is really suppressed.
func TestRealSilences(t *testing.T) {
	ctx := t.Context()
	am, err := lab.Start(ctx, lab.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if log := am.End(); t.Failed() {
			t.Logf("Alertmanager said:\n%s", log)
		}
	})
	s := silencesAt(t, SilencesOptions{URLs: []string{nobody(t), am.URL}})
	if got, err := s.List(ctx); err != nil || len(got) != 0 {
		t.Fatalf("at first there are %+v, %v", got, err)
	}

	labels := map[string]string{"alertname": "Lag", "region": `us "west" 2\`, "job": "ümlaut"}
	if err := am.Send(ctx, lab.Alert{Labels: labels}); err != nil {
		t.Fatal(err)
	}
	state := func() string {
		got, err := am.State(ctx, "Lag")
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	settles(t, "active", state)

	matchers, err := alert.ParseMatchers("alertname=\"Lag\"\nregion=~\"us .*\"\njob!=\"other\"\nteam!~\".+\"")
	if err != nil {
		t.Fatal(err)
	}
	wish := alert.Silence{
		Matchers: matchers, StartsAt: time.Now().UTC(), EndsAt: time.Now().UTC().Add(time.Hour).Truncate(time.Millisecond),
		CreatedBy: "UALICE alice", Comment: `base "backup" <!channel>`,
	}
	if !wish.Covers(labels) {
		t.Fatal("rapbot itself does not think that this silence covers the alert")
	}
	id, err := s.Create(ctx, wish)
	if err != nil {
		t.Fatal(err)
	}
	settles(t, "suppressed", state)
	fires := func() string {
		all, err := s.Firing(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			if maps.Equal(one, labels) {
				return "fires"
			}
		}
		return "does not fire"
	}
	settles(t, "fires", fires) // though it is suppressed

	one, err := s.ByID(ctx, id)
	if err != nil || one.ID != id || one.State != alert.SilenceActive || one.CreatedBy != wish.CreatedBy || one.Comment != wish.Comment || one.Conditions() == "" || !one.EndsAt.Equal(wish.EndsAt) {
		t.Errorf("it is looked up as %+v, %v", one, err)
	}
	for _, m := range wish.Matchers {
		if !strings.Contains(one.Conditions(), m.String()) {
			t.Errorf("%s is missing in %s", m, one.Conditions())
		}
	}
	if all, err := s.List(ctx); err != nil || len(all) != 1 || all[0].ID != id {
		t.Errorf("the list is %+v, %v", all, err)
	}

	if err := s.Expire(ctx, id); err != nil {
		t.Fatal(err)
	}
	settles(t, "active", state)
	if all, err := s.List(ctx); err != nil || len(all) != 0 {
		t.Errorf("after its end the list is %+v, %v", all, err)
	}
	if one, err := s.ByID(ctx, id); err != nil || one.State != alert.SilenceExpired {
		t.Errorf("after its end it is %+v, %v", one, err)
	}
	if err := s.Expire(ctx, id); rapbot.ErrorCode(err) != rapbot.Settled {
		t.Errorf("ended twice: %v", err)
	}

	if err := am.Send(ctx, lab.Alert{Labels: labels, EndsAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
	settles(t, "does not fire", fires)

	for _, unknown := range []string{"3f1c2b7a-9d44-4b1e-8a55-0c6d1f2e7a90", "not-a-uuid"} {
		if _, err := s.ByID(ctx, unknown); rapbot.ErrorCode(err) != rapbot.NotFound {
			t.Errorf("the silence %s: code %q, %v", unknown, rapbot.ErrorCode(err), err)
		}
	}
	wish.EndsAt = wish.StartsAt.Add(-time.Hour)
	if _, err := s.Create(ctx, wish); rapbot.ErrorCode(err) != rapbot.Invalid || len(err.Error()) > 400 {
		t.Errorf("one that ends before it begins: %v", err)
	}
}

// settles waits until something is so.
func settles(t *testing.T, want string, have func() string) {
	t.Helper()
	var got string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if got = have(); got == want {
			return
		}
	}
	t.Fatalf("it is %q and does not become %q", got, want)
}
