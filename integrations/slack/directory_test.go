package slack_test

import (
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/slack"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

const mallory = "U07MALLORY4"

func TestPerson(t *testing.T) {
	t.Parallel()
	w := start(t, setup{config: slack.Config{ApproverUsers: []string{mallory}, ApproverGroups: []string{"S0ONCALL"}}})
	w.SetPerson("carol", func(p *workspace.Person) { p.Stranger, p.Deleted = true, true })
	tests := map[string]rapbot.Person{
		alice:         {ID: alice, Name: "alice"},
		bob:           {ID: bob, Name: "bob", Approver: true},
		mallory:       {ID: mallory, Name: "mallory", Approver: true},
		"U07GINA0005": {ID: "U07GINA0005", Name: "gina", Guest: true},
		"U07CAROL003": {ID: "U07CAROL003", Name: "carol", External: true, Inactive: true, Approver: true},
		"U07RAPBOT00": {ID: "U07RAPBOT00", Name: "rap", Bot: true},
		"USLACKBOT":   {ID: "USLACKBOT", Name: "slackbot", Bot: true},
	}
	for id, want := range tests {
		if got, err := w.Person(t.Context(), id); err != nil || got != want {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
	for _, id := range []string{"U07NOBODY00", "alice", "", "<@U07ALICE001>"} {
		if _, err := w.Person(t.Context(), id); rapbot.ErrorCode(err) != rapbot.Unavailable {
			t.Errorf("%q: %v", id, err)
		}
	}
	if got := len(w.Calls("usergroups.users.list")); got != 1 {
		t.Errorf("the group was asked for %d times", got)
	}
}

// TestNobodyApprovesUnseen is R1: whoever left the group approves nothing a
// few seconds later, and a group that cannot be read has no members.
func TestNobodyApprovesUnseen(t *testing.T) {
	t.Parallel()
	w := start(t, setup{config: slack.Config{ApproverGroups: []string{"S0ONCALL"}, Backoff: time.Millisecond}})
	if p, err := w.Person(t.Context(), bob); err != nil || !p.Approver {
		t.Fatal(p, err)
	}
	w.SetGroup("rap-approvers", "carol")
	began := time.Now()
	w.within("bob is out of the group", func() bool {
		p, err := w.Person(t.Context(), bob)
		return err == nil && !p.Approver
	})
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("took %v", took)
	}
	for _, method := range []string{"users.info", "usergroups.users.list"} {
		w.within("the membership is old", func() bool {
			w.fault(`{"server_error":{"method":"` + method + `","times":1000}}`)
			defer w.ClearFaults()
			p, err := w.Person(t.Context(), "U07CAROL003")
			return rapbot.ErrorCode(err) == rapbot.Unavailable && p == rapbot.Person{}
		})
	}
}

func TestAGroupThatIsNotThereIsNoReasonToApprove(t *testing.T) {
	t.Parallel()
	w := start(t, setup{config: slack.Config{ApproverUsers: []string{bob}, ApproverGroups: []string{"S0NOWHERE"}}})
	if _, err := w.Person(t.Context(), bob); rapbot.ErrorCode(err) != rapbot.Unavailable {
		t.Errorf("%v", err)
	}
}
