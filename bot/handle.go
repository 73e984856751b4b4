package bot

import (
	"context"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
	"github.com/rap-analyzer/rapbot/commands"
)

// The actions of forms, and of buttons that are not an operation's.
const (
	formReject   = "reject-form"
	formFailover = "failover-form"
	actionStatus = "status"
)

// Handle does what one event asks for. Every event gets an answer, also when
// it is refused.
func (b *Bot) Handle(ctx context.Context, e Event) {
	m, err := b.answer(ctx, e)
	if err != nil {
		if rapbot.ErrorCode(err) == rapbot.Internal {
			b.log.Error("event", zap.String("kind", string(e.Kind)), zap.String("user", e.User), zap.Error(err))
			err = &rapbot.Error{Code: rapbot.Internal, What: "Something broke inside rapbot.", Changed: "This request was not carried out.", Now: "Try again; the log of rapbot has the details."}
		}
		m = rapbot.ErrorMessage(err)
	}
	if len(m.Blocks) == 0 {
		return
	}
	if err := b.reply(ctx, e, m); err != nil {
		b.log.Warn("reply", zap.String("user", e.User), zap.Error(err))
	}
}

func (b *Bot) answer(ctx context.Context, e Event) (rapbot.Message, error) {
	switch e.Kind {
	case CommandTyped, Mentioned:
		return b.command(ctx, e)
	case ButtonPressed:
		return b.click(ctx, e)
	case FormSubmitted:
		return b.submission(ctx, e)
	}
	return rapbot.Message{}, nil
}

func (b *Bot) reply(ctx context.Context, e Event, m rapbot.Message) error {
	if e.Reply != nil {
		return e.Reply(ctx, m)
	}
	return b.opt.Chat.Whisper(ctx, rapbot.Place{Channel: b.opt.OperationsChannel}, e.User, m)
}

func (b *Bot) command(ctx context.Context, e Event) (rapbot.Message, error) {
	cmd, call, err := commands.Parse(e.Text, b.regionNames())
	if err != nil && e.Trigger != "" && strings.EqualFold(strings.TrimSpace(e.Text), "failover") {
		return rapbot.Message{}, b.opt.Chat.OpenForm(ctx, e.Trigger, b.failoverForm())
	}
	if err != nil {
		return rapbot.Message{}, err
	}
	call.Channel, call.Thread = e.Channel, e.Thread
	if cmd.Changes {
		if call.Person, err = b.opt.Directory.Person(ctx, e.User); err != nil {
			return rapbot.Message{}, err
		}
	}
	b.log.Info("command", zap.String("user", e.User), zap.String("command", cmd.Name))
	return cmd.Run(ctx, b, call)
}

// notedWithin is how long after it is seen a card's place may take to be noted.
const notedWithin = 5 * time.Second

// shown is an operation whose card's place is known. People see a card, and may
// press what is on it, a moment before that is in the journal.
func (b *Bot) shown(ctx context.Context, id string) (rapbot.Operation, error) {
	ctx, cancel := context.WithTimeout(ctx, notedWithin)
	defer cancel()
	for {
		changed := b.book.changes() // before the look: what comes during it is not missed
		o, err := b.book.get(ctx, id)
		if err != nil || !o.Card.Zero() {
			return o, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return o, nil
		}
	}
}

// click answers a button. What a button says of itself is not trusted: the
// operation it names must be the one whose card it stands on.
func (b *Bot) click(ctx context.Context, e Event) (rapbot.Message, error) {
	if e.Action == actionStatus {
		return b.command(ctx, Event{Kind: CommandTyped, User: e.User, Channel: e.Channel, Text: "status " + e.Value})
	}
	if e.Action == cards.ActionWaiting {
		return b.command(ctx, Event{Kind: CommandTyped, User: e.User, Channel: e.Channel, Text: "waiting"})
	}
	if ofAlerts(e.Action) {
		return b.alertClick(ctx, e)
	}
	id, shown, _ := strings.Cut(e.Value, ":")
	o, err := b.shown(ctx, id)
	if err != nil {
		return rapbot.Message{}, rapbot.Refuse(rapbot.Stale, "This button belongs to nothing that I know of.", "Run /rap history.")
	}
	if o.Card != e.Message {
		return rapbot.Message{}, rapbot.Refuse(rapbot.Stale, "This button does not stand on operation "+o.ID+"'s card.", "Use the card in the operations channel.")
	}
	if e.Action == cards.ActionReject {
		// The form must open within three seconds, so the person is judged when it comes back.
		return rapbot.Message{}, b.opt.Chat.OpenForm(ctx, e.Trigger, rejectForm(o, e.Value))
	}
	person, err := b.opt.Directory.Person(ctx, e.User)
	if err != nil {
		return rapbot.Message{}, err
	}
	switch e.Action {
	case cards.ActionApprove:
		_, err = b.Approve(ctx, id, shown, person)
	case cards.ActionStop:
		_, err = b.Cancel(ctx, id, person)
	case cards.ActionRetry:
		_, err = b.Answer(ctx, id, shown, rapbot.AnswerRetry, person)
	case cards.ActionGiveUp:
		_, err = b.Answer(ctx, id, shown, rapbot.AnswerStop, person)
	case cards.ActionProceed:
		_, err = b.Answer(ctx, id, shown, rapbot.AnswerProceed, person)
	default:
		err = rapbot.Refuse(rapbot.Invalid, "I do not know this button.", "Run /rap help.")
	}
	return rapbot.Message{}, err
}

func (b *Bot) submission(ctx context.Context, e Event) (rapbot.Message, error) {
	person, err := b.opt.Directory.Person(ctx, e.User)
	if err != nil {
		return rapbot.Message{}, err
	}
	switch e.Action {
	case formReject:
		id, _, _ := strings.Cut(e.Value, ":")
		_, err := b.Reject(ctx, id, e.Values["reason"], person)
		return rapbot.Message{}, err
	case formFailover:
		cmd, call, err := commands.Parse("failover "+e.Values["region"], b.regionNames())
		if err != nil {
			return rapbot.Message{}, err
		}
		call.Person, call.Channel, call.Flags["reason"] = person, e.Channel, e.Values["reason"]
		return cmd.Run(ctx, b, call)
	case formSilence:
		return b.silenceSubmitted(ctx, e, person)
	}
	return rapbot.Message{}, rapbot.Refuse(rapbot.Invalid, "I do not know this form.", "Run /rap help.")
}

func rejectForm(o rapbot.Operation, ticket string) rapbot.Form {
	return rapbot.Form{
		Action: formReject, Value: ticket, Title: "Reject operation " + o.ID, Submit: "Reject",
		Intro:  rapbot.Say(o.Plan.Title() + ", asked for by " + o.Requester.Name + ". Nothing is changed by a rejected operation."),
		Inputs: []rapbot.Input{{Name: "reason", Label: "Reason", Hint: "The requester is told.", Optional: true, Multiline: true}},
	}
}

func (b *Bot) failoverForm() rapbot.Form {
	var options []rapbot.Option
	for _, r := range b.opt.Fleet.Topology().Regions {
		if r.Role != rapbot.Primary {
			options = append(options, rapbot.Option{Label: r.Name, Value: r.Name})
		}
	}
	return rapbot.Form{
		Action: formFailover, Title: "Change the primary", Submit: "Ask for Approval",
		Intro: rapbot.Say("Nothing is changed before a second person has approved the plan."),
		Inputs: []rapbot.Input{
			{Name: "region", Label: "New primary", Options: options},
			{Name: "reason", Label: "Reason", Hint: "For the approver and for the record.", Optional: true},
		},
	}
}

func (b *Bot) regionNames() []string {
	var names []string
	for _, s := range b.opt.Sites {
		names = append(names, s.Name)
	}
	return names
}
