package scenarios

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/lab/alertmanager"
)

// TestRealAlertmanager lets a real Alertmanager notify rapbot: an alert fires,
// becomes a card, resolves, and the card keeps what fired.
func TestRealAlertmanager(t *testing.T) {
	s := open(t)
	am := s.startAlertmanager()
	began := time.Now()

	s.postAlert(am, began, time.Time{})
	card := s.sees("bob", "rap-alerts", "", 30*time.Second, "Firing: ReplicationLag", "420 s behind")
	if card.Ephemeral || card.ThreadTS != "" {
		t.Errorf("the card is not a message of the channel: %+v", card)
	}

	s.postAlert(am, began, time.Now())
	resolved := s.sees("bob", "rap-alerts", "", 30*time.Second, "Resolved: ReplicationLag", "was", "420 s behind")
	if resolved.TS != card.TS {
		t.Errorf("the card was not edited: it is [%s], the alert was [%s]", resolved.TS, card.TS)
	}
	s.sees("bob", "rap-alerts", card.TS, 15*time.Second, "Resolved: ReplicationLag") // in its thread, since an edit notifies nobody
}

// TestSilenceFromTheCard acknowledges and silences what a real Alertmanager has
// told of, from its card, and sees that Alertmanager means it.
func TestSilenceFromTheCard(t *testing.T) {
	s := open(t)
	am := s.startAlertmanager()
	s.postAlert(am, time.Now(), time.Time{})
	card := s.sees("bob", "rap-alerts", "", 30*time.Second, "Firing: ReplicationLag", "Acknowledge", "Silence…") // the regions may not have been asked yet, so no change of primary need be named

	s.click("bob", card, "Acknowledge")
	card = s.sees("bob", "rap-alerts", "", 30*time.Second, "Firing: ReplicationLag", "Acknowledged by")

	s.click("alice", card, "Silence…")
	s.submit("alice", map[string]any{"for": "1h", "matchers": `alertname="ReplicationLag"`, "comment": "base backup for <!channel>"})
	card = s.sees("bob", "rap-alerts", "", 30*time.Second, "Firing: ReplicationLag", "Silenced by", "base backup", "Expire Silence")
	s.sees("bob", "rap-alerts", card.TS, 30*time.Second, "silenced", "/rap unsilence")
	s.alertIs(am, "suppressed")

	s.say("bob", "/rap alerts")
	s.sees("bob", "rap-ops", "", 30*time.Second, "1 alert group fires", "acknowledged by", "1 silence", "base backup")

	s.click("bob", card, "Expire Silence")
	card = s.sees("bob", "rap-alerts", "", 30*time.Second, "Firing: ReplicationLag", "Silence…")
	s.sees("bob", "rap-alerts", card.TS, 30*time.Second, "ended the silence")
	s.alertIs(am, "active")
}

// alertIs waits until Alertmanager itself says so.
func (s *stage) alertIs(am *alertmanager.Server, want string) {
	s.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		got, err := am.State(s.Context(), "ReplicationLag")
		if err == nil && got == want {
			return
		}
		if time.Now().After(deadline) {
			s.Fatalf("Alertmanager says that it is %q, want %q: %v", got, want, err)
		}
	}
}

// startAlertmanager starts a real one with rapbot as its only receiver.
func (s *stage) startAlertmanager() *alertmanager.Server {
	s.Helper()
	hook := s.Facts().Webhook
	am, err := alertmanager.Start(s.Context(), alertmanager.Options{Dir: s.TempDir(), Addr: s.AlertmanagerAddr(), Webhook: hook.URL, Token: hook.Token})
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		if log := am.End(); s.Failed() {
			s.Logf("Alertmanager said:\n%s", log)
		}
	})
	return am
}

func (s *stage) postAlert(am *alertmanager.Server, began, ended time.Time) {
	s.Helper()
	s.must(am.Send(s.Context(), alertmanager.Alert{
		Labels:      map[string]string{"alertname": "ReplicationLag", "region": "eu-west-1", "severity": "critical"},
		Annotations: map[string]string{"summary": "eu-west-1 lags", "description": "420 s behind, the limit is 300 s"},
		StartsAt:    began.UTC(), EndsAt: ended.UTC(),
	}))
}
