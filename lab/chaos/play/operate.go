package play

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/lab/chaos/judge"
	"github.com/rap-analyzer/rapbot/lab/drive"
	"github.com/rap-analyzer/rapbot/lab/workspace"
)

// The people of a run.
const (
	requester = "alice"
	approver  = "bob"
	second    = "carol" // another approver
)

// How long people are patient.
const (
	glance      = 20 * time.Millisecond
	toAnswer    = 12 * time.Second  // for an answer to what was typed
	toCalm      = 25 * time.Second  // for an operation's end, until everything is healed
	toEnd       = 100 * time.Second // and after that until it counts as never ending
	mostTries   = 4                 // to propose what is refused
	mostReplans = 4                 // approved
	mostRetries = 3                 // of Try Again
)

// operate types a command and sees the operation through to its end: it is approved as often as it asks, its questions are answered, and
// rapbot is started again when it dies. It gives the operation, nil when nothing was proposed.
func (r *run) operate(ctx context.Context, command string) *rapbot.Operation {
	for try := range mostTries {
		if try > 0 && !pause(ctx, 700*time.Millisecond) {
			return nil
		}
		base, err := r.ledger.newest(ctx)
		if err != nil {
			r.note("%v", err)
			return nil
		}
		if open := r.open(ctx); open != nil {
			return r.seeThrough(ctx, open)
		}
		if o := r.propose(ctx, base, command); o != nil {
			return r.seeThrough(ctx, o)
		}
	}
	return nil
}

// open is an operation that has not ended.
func (r *run) open(ctx context.Context) *rapbot.Operation {
	ops, err := r.ledger.since(ctx, r.before)
	if err != nil || len(ops) == 0 || ops[len(ops)-1].State.Final() {
		return nil
	}
	return &ops[len(ops)-1]
}

// propose types a command, and gives the operation that came of it.
func (r *run) propose(ctx context.Context, base int64, command string) *rapbot.Operation {
	r.keepAlive(ctx)
	after, err := r.people.Newest(requester, drive.Operations)
	if err == nil {
		err = r.people.Say(requester, "/rap "+command+" --reason chaos")
	}
	if err != nil {
		r.note("%v", err)
		return nil
	}
	looked := time.Now()
	for deadline := time.Now().Add(toAnswer); time.Now().Before(deadline) && pause(ctx, glance); {
		if ops, err := r.ledger.since(ctx, base); err == nil && len(ops) > 0 {
			return &ops[0]
		}
		if time.Since(looked) < 300*time.Millisecond {
			continue
		}
		looked = time.Now()
		if told := r.told(requester, after); told != "" {
			r.note("%s: told %s", command, told)
			r.said = append(r.said, told)
			return nil
		}
	}
	r.said = append(r.said, command+": no answer")
	return nil
}

// told is what only this person was told last since a message.
func (r *run) told(person, after string) string {
	messages, err := r.Slack.As(person).Messages(drive.Operations)
	if err != nil {
		return ""
	}
	for _, m := range slices.Backward(messages) {
		if m.Ephemeral && m.TS > after {
			return m.Text
		}
	}
	return ""
}

// keepAlive starts rapbot again when it has died, after a while.
func (r *run) keepAlive(ctx context.Context) {
	if r.BotPID() != 0 {
		return
	}
	pause(ctx, r.BotAway)
	if err := r.revive(ctx); err != nil {
		r.note("%v", err)
	}
}

// seeThrough watches an operation until it ends.
func (r *run) seeThrough(ctx context.Context, o *rapbot.Operation) *rapbot.Operation {
	p := persons{run: r, tried: map[string]time.Time{}}
	began, calmed := time.Now(), false
	for time.Since(began) < toEnd && pause(ctx, glance) {
		r.keepAlive(ctx)
		ops, err := r.ledger.since(ctx, r.before)
		if err != nil {
			r.note("%v", err)
			continue
		}
		for i := range ops {
			if ops[i].ID == o.ID {
				o = &ops[i]
			}
		}
		r.giveSteps(o)
		if o.State.Final() {
			return o
		}
		p.act(o)
		if time.Since(began) > toCalm && !calmed {
			calmed = true
			r.note("operation %s takes long: everything is healed", o.ID)
			r.calm()
			r.Fleet.HealAll()
		}
	}
	return o
}

// giveSteps fires the cues of the steps that have begun.
func (r *run) giveSteps(o *rapbot.Operation) {
	for i, s := range o.Steps {
		if s.Status != rapbot.StepPending {
			r.give(Cue(stepPrefix + string(o.Plan.Steps[i].Kind)))
		}
	}
}

// persons are those who decide about one operation.
type persons struct {
	*run
	tried    map[string]time.Time // what was pressed, and when last
	replans  int
	retries  int
	question int // number of the record that was answered last
	answer   Answer
}

func (p *persons) act(o *rapbot.Operation) {
	switch {
	case o.State == rapbot.AwaitingApproval && o.Card.ID != "":
		p.approve(o)
	case o.State == rapbot.NeedsDecision:
		p.decide(o)
	}
}

// again reports whether something is to be done now: the first time, and then every other second.
func (p *persons) again(what string) bool {
	if time.Since(p.tried[what]) < 2*time.Second {
		return false
	}
	p.tried[what] = time.Now()
	return true
}

// approve presses the button the first time. A plan that was made anew is approved by its digest, since its card is edited later.
func (p *persons) approve(o *rapbot.Operation) {
	digest := o.Plan.ShortDigest()
	first := len(p.tried) == 0
	if _, known := p.tried[digest]; !known {
		p.replans++
	}
	if !p.again(digest) {
		return
	}
	switch {
	case p.replans > mostReplans:
		p.say(requester, "/rap cancel "+o.ID)
	case !first:
		p.say(approver, "/rap approve "+o.ID+" "+digest)
	default:
		if p.Refusals {
			p.ownApproval(o)
		}
		p.press(approver, o, approveLabel(o.Plan.Kind))
		p.give(AtApproval)
		if p.Refusals || p.has(TwoAtOnce) {
			p.press(approver, o, approveLabel(o.Plan.Kind))
			p.press(second, o, approveLabel(o.Plan.Kind))
		}
	}
}

func (r *run) has(act Act) bool {
	for _, d := range r.Disturbances {
		if d.Act == act {
			return true
		}
	}
	return false
}

// ownApproval has the requester press the button, which must be refused.
func (p *persons) ownApproval(o *rapbot.Operation) {
	after, err := p.people.Newest(requester, drive.Operations)
	if err != nil || !p.press(requester, o, approveLabel(o.Plan.Kind)) {
		return
	}
	const want = "somebody else must approve"
	told := ""
	// An answer to something that the requester typed before may come first.
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(told, want) && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		told = p.told(requester, after)
	}
	if strings.HasPrefix(told, "App") || p.BotPID() == 0 {
		return // rapbot died before it could answer
	}
	p.refusals = append(p.refusals, judge.Refusal{What: "the requester approves", Want: want, Told: told})
}

// decide answers a question, once for each.
func (p *persons) decide(o *rapbot.Operation) {
	if number := lastQuestion(*o); number != p.question {
		p.question, p.answer = number, p.nextAnswer(o)
		p.note("operation %s asks: %s; the answer is %s", o.ID, o.Question, p.answer)
		delete(p.tried, "question")
	}
	if time.Since(p.tried["question"]) < 300*time.Millisecond {
		return
	}
	p.tried["question"] = time.Now()
	p.press(approver, o, string(p.answer))
}

// nextAnswer is the answer drawn, as far as there is a button for it.
func (p *persons) nextAnswer(o *rapbot.Operation) Answer {
	a := TryAgain
	if p.answered < len(p.Answers) {
		a = p.Answers[p.answered]
		p.answered++
	}
	risk := o.Risk != ""
	switch {
	case risk && a == StopHere, risk && a == TryAgain && p.retries >= mostRetries:
		return RollBack
	case !risk && a == PromoteAnyway:
		a = TryAgain
	case !risk && a == RollBack:
		a = StopHere
	}
	if a == TryAgain {
		if p.retries++; p.retries > mostRetries {
			return StopHere
		}
	}
	return a
}

func lastQuestion(o rapbot.Operation) int {
	number := 0
	for _, r := range o.Records {
		if r.Kind == rapbot.RecQuestion {
			number = r.Seq
		}
	}
	return number
}

// press presses a button on an operation's card, and reports whether it was there.
func (r *run) press(person string, o *rapbot.Operation, button string) bool {
	err := r.Slack.As(person).Click(workspace.Where{Channel: o.Card.Channel, TS: o.Card.ID}, button, false)
	r.note("%s presses %s on operation %s: %v", person, button, o.ID, err)
	return err == nil
}

func (r *run) say(person, words string) {
	r.note("%s: %s", person, words)
	if err := r.people.Say(person, words); err != nil {
		r.note("%v", err)
	}
}

func approveLabel(kind rapbot.Kind) string {
	switch kind {
	case rapbot.Failover:
		return "Approve Failover"
	case rapbot.Rejoin:
		return "Approve Rejoin"
	}
	return "Approve Switchover"
}
