package scenarios

import (
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/wait"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// buttons is what a card is approved with.
var buttons = map[rapbot.Kind]string{
	rapbot.Switchover: "Approve Switchover", rapbot.Failover: "Approve Failover", rapbot.Rejoin: "Approve Rejoin",
}

// asks has alice type a command, and returns the card that comes of it.
func (s *stage) asks(command, title string) workspace.Message {
	s.Helper()
	card, err := s.people().Ask(s.Context(), command, title)
	s.must(err)
	return card
}

// asksForFailover is asks for the emergency.
func (s *stage) asksForFailover(target string) workspace.Message {
	s.Helper()
	return s.asks("/rap failover "+target+" --force --reason scenario", "Fail over to "+target)
}

// approves has bob approve a card, as often as he is told to try again. A
// refusal that says that the plan has changed, or that it will not be run, is
// for the journal to tell.
func (s *stage) approves(card workspace.Message) {
	s.Helper()
	was := s.operation(card)
	for range 3 {
		after := s.newest("bob", "rap-ops")
		s.click("bob", card, buttons[was.Plan.Kind])
		var refusal workspace.Message
		err := wait.Until(s.within(patience), 20*time.Millisecond, func() bool {
			o := s.operation(card)
			refusal = s.whispered("bob", after)
			return o.State != rapbot.AwaitingApproval || o.Plan.Digest() != was.Plan.Digest() || refusal.Text != ""
		})
		switch {
		case err != nil:
			s.Fatalf("nothing comes of bob's approval:\n%s", s.message(card).Text)
		case refusal.Text == "" || s.operation(card).State != rapbot.AwaitingApproval || s.operation(card).Plan.Digest() != was.Plan.Digest():
			return
		}
		s.Logf("bob is told: %s", refusal.Text)
	}
	s.Fatalf("bob cannot approve:\n%s", s.message(card).Text)
}

// whispered is what only that person has been told since.
func (s *stage) whispered(person, after string) (last workspace.Message) {
	s.Helper()
	messages, err := s.Slack.As(person).Messages("rap-ops")
	s.must(err)
	for _, m := range messages {
		if m.Ephemeral && m.TS > after {
			last = m
		}
	}
	return last
}

// settles waits until an operation needs nobody any more. A plan that had to
// be made anew is read and approved again, as people would; a question fails
// the test.
func (s *stage) settles(card workspace.Message) rapbot.Operation {
	s.Helper()
	var o rapbot.Operation
	answered := lastApproved(s.operation(card)) // a plan may have been made anew at the very click
	err := wait.Until(s.within(patience+time.Minute), 50*time.Millisecond, func() bool {
		o = s.operation(card)
		if digest := o.Plan.Digest(); o.State == rapbot.AwaitingApproval && digest != answered {
			answered = digest
			s.must(s.awaitShown(card, o))
			s.approves(card)
		}
		return o.State.Final() || o.State == rapbot.NeedsDecision
	})
	if err != nil || o.State == rapbot.NeedsDecision {
		s.Fatalf("operation %s does not settle: it %s. %s\n%s", o.ID, o.State.Is(), o.Question, s.message(card).Text)
	}
	return o
}

// lastApproved is the digest that was approved last.
func lastApproved(o rapbot.Operation) (digest string) {
	for _, r := range o.Records {
		if r.Kind == rapbot.RecApproved {
			digest = r.Digest
		}
	}
	return digest
}

// awaitShown waits until the card shows the plan that the journal has.
func (s *stage) awaitShown(card workspace.Message, o rapbot.Operation) error {
	return wait.Until(s.within(30*time.Second), 50*time.Millisecond, func() bool {
		return contains(s.message(card), []string{o.Plan.ShortDigest()})
	})
}

// rejoins brings a region back as a replica.
func (s *stage) rejoins(region string) rapbot.Operation {
	s.Helper()
	card := s.asksForRejoin(region)
	s.approves(card)
	return s.rejoined(card)
}

func (s *stage) asksForRejoin(region string) workspace.Message {
	s.Helper()
	return s.asks("/rap rejoin "+region+" --reason scenario", "Rejoin "+region)
}

// rejoined waits for the end of a rejoin, and for the proof of it.
func (s *stage) rejoined(card workspace.Message) rapbot.Operation {
	s.Helper()
	o := s.settles(card)
	m, err := s.people().AwaitTitle(s.within(30*time.Second), card, "Rejoined "+o.Plan.From)
	s.must(err)
	if !contains(m, []string{"has replayed the row that this operation wrote on " + o.Plan.To}) {
		s.Errorf("no word of the row that proves it:\n%s", m.Text)
	}
	s.wholeFleet()
	s.freshRowOn(o.Plan.From)
	return o
}

// freshRowOn waits until a replica has a row that is acknowledged from now on.
func (s *stage) freshRowOn(region string) {
	s.Helper()
	begun := time.Now()
	var fresh int64
	err := wait.Until(s.within(30*time.Second), 20*time.Millisecond, func() bool {
		if acks := s.Writer.AcksSince(begun); fresh == 0 && len(acks) > 0 {
			fresh = acks[0].ID
		}
		return fresh != 0 && s.hasRow(region, fresh)
	})
	if err != nil {
		s.Fatalf("%s does not get row %d", region, fresh)
	}
}
