package scenarios

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// writesBack is how soon after a rollback the application must write again.
const writesBack = 15 * time.Second

// turn is one operation that is made to turn around.
type turn struct {
	kind    rapbot.Kind
	refused string // the step that is refused
	dies    string // the step in whose undoing rapbot is killed; empty for none
}

// turns are those of TestRollBackRestores: each step before a promotion is
// refused, and so everything before it is taken back. Those with "dies" are
// the matrix of kills in an undoing.
var turns = []turn{
	{rapbot.Switchover, "prepare", ""},
	{rapbot.Switchover, "block-writers", ""},
	{rapbot.Switchover, "catch-up", ""},
	{rapbot.Switchover, "stop", ""},
	{rapbot.Switchover, "prove", ""},
	{rapbot.Switchover, "promote", ""},
	{rapbot.Failover, "freeze", ""},
	{rapbot.Failover, "fence", ""},
	{rapbot.Failover, "fast-forward", ""},
	{rapbot.Failover, "weigh-loss", ""},
	{rapbot.Failover, "slots", ""},
	{rapbot.Failover, "promote", ""},
	{rapbot.Switchover, "block-writers", "prepare"},
	{rapbot.Switchover, "catch-up", "block-writers"},
	{rapbot.Switchover, "prove", "stop"},
	{rapbot.Failover, "fence", "freeze"},
	{rapbot.Failover, "weigh-loss", "fast-forward"},
	{rapbot.Failover, "promote", "slots"},
}

// turnChoice are the turns where most has to be taken back.
var turnChoice = map[turn]bool{
	{rapbot.Switchover, "promote", ""}:   true,
	{rapbot.Switchover, "prove", "stop"}: true,
	{rapbot.Failover, "promote", ""}:     true,
}

// TestRollBackRestores turns operations around at every step before their
// promotion. Afterwards the application writes again at once, and every
// setting, slot and file is as it was, on all servers.
func TestRollBackRestores(t *testing.T) {
	s := share(t)
	probe := s.Fleet.StartProbe()
	var rows []string
	for _, turn := range turns {
		if !*matrix && !turnChoice[turn] {
			continue
		}
		took := s.turnsAround(turn)
		if t.Failed() {
			return
		}
		rows = append(rows, fmt.Sprintf("%-10s refused at %-14s killed while undoing %-14s writes back after %6d ms, settings as before",
			turn.kind, turn.refused, turn.dies+strings.Repeat("-", 1-min(1, len(turn.dies))), took.Milliseconds()))
		t.Log(rows[len(rows)-1])
	}
	s.onePrimary(probe)
	t.Logf("turned around %d times:\n%s", len(rows), strings.Join(rows, "\n"))
}

// turnsAround returns how long after the rollback began, or after the lost
// primary was started, the application wrote again.
func (s *stage) turnsAround(turn turn) time.Duration {
	s.Helper()
	env := []string{"RAPBOT_REFUSE=" + turn.refused}
	if turn.dies != "" {
		env = append(env, "RAPBOT_CRASH=undoing "+turn.dies)
	}
	s.restartWith(env...)
	before := s.settings()
	old := s.Fleet.Region(s.primary())
	next, sibling := s.inLine(killed)
	var card workspace.Message
	if turn.kind == rapbot.Failover {
		s.awaitSampled()
		s.losesPrimary(old, sibling, next, killed) // the target has to be brought forward
		card = s.asksForFailover(next)
	} else {
		card = s.propose(next)
	}
	dying := s.BotDone()
	s.approves(card)
	s.awaitOperation(card, "rolling back", patience, func(o rapbot.Operation) bool { return o.RollingBack })
	back := happened(s.operation(card), rapbot.RecRollback)
	if turn.kind == rapbot.Failover {
		s.startsByHand(old) // it came back meanwhile
		back = time.Now()
	}
	if turn.dies != "" {
		<-dying
		s.must(s.StartBot(s.Context()))
	}
	o := s.settles(card)
	if o.State != rapbot.Failed || len(o.Warnings()) > 0 {
		s.Errorf("the operation %s, left to mend: %q\n%s", o.State.Is(), o.Warnings(), s.message(card).Text)
	}
	_, first := s.firstAck(old.Name, back)
	if took := first.At.Sub(back); took > writesBack {
		s.Errorf("the application writes again after %s", took)
	}
	s.wholeFleet()
	s.restoredTo(before)
	return first.At.Sub(back)
}

// restoredTo checks that every server is as it was.
func (s *stage) restoredTo(before map[string]map[string]string) {
	s.Helper()
	after := s.settings()
	for _, of := range []map[string]map[string]string{before, after} {
		for _, server := range of {
			maps.DeleteFunc(server, func(name, _ string) bool { return name == "in_hot_standby" })
		}
	}
	if diff := cmp.Diff(before, after); diff != "" {
		s.Errorf("something is left behind (- before, + after):\n%s", diff)
	}
}
