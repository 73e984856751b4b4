package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

// Topology answers from memory.
func (b *Bot) Topology() rapbot.Topology { return b.opt.Fleet.Topology() }

// Observe asks every region now.
func (b *Bot) Observe(ctx context.Context) rapbot.Topology { return b.opt.Fleet.Observe(ctx) }

// Sites returns what is configured of each region.
func (b *Bot) Sites() []rapbot.Site { return b.opt.Sites }

// Now is the time by the bot's clock.
func (b *Bot) Now() time.Time { return b.opt.Clock.Now() }

// EmergencyDrills reports whether configuration permits them.
func (b *Bot) EmergencyDrills() bool { return b.opt.EmergencyDrills }

// Propose records an operation. A plan that cannot run is returned with code
// Precondition and is not recorded.
func (b *Bot) Propose(ctx context.Context, by rapbot.Person, channel string, wish rapbot.Wish, reason string) (rapbot.Operation, rapbot.Plan, error) {
	if err := rapbot.MayRequest(by); err != nil {
		return rapbot.Operation{}, rapbot.Plan{}, err
	}
	before, err := b.newest(ctx)
	if err != nil {
		return rapbot.Operation{}, rapbot.Plan{}, err
	}
	if wish.Drill.Is && wish.Kind == rapbot.Failover && !b.opt.EmergencyDrills {
		return rapbot.Operation{}, rapbot.Plan{}, rapbot.Refuse(rapbot.Forbidden, "Emergency drills are not permitted here.", "Set drills.allow_emergency in the configuration.")
	}
	if wish.Kind == rapbot.Rejoin {
		if err := b.CountLosses(ctx); err != nil { // the last chance: what it alone has is about to be thrown away
			return rapbot.Operation{}, rapbot.Plan{}, err
		}
	}
	plan, err := b.Plan(ctx, wish)
	if err != nil {
		return rapbot.Operation{}, plan, err
	}
	if !plan.Runnable() {
		return rapbot.Operation{}, plan, rapbot.Refuse(rapbot.Precondition, plan.Title()+" cannot run now.", "See its checks.")
	}
	// To read a lost primary's log takes seconds, in which somebody else's
	// operation may have run: the plan would be for a world that is no more.
	switch now, err := b.newest(ctx); {
	case err != nil:
		return rapbot.Operation{}, plan, err
	case now != before:
		return rapbot.Operation{}, plan, rapbot.Refuse(rapbot.Conflict, "Operation "+now+" has come to its end while this one was planned.", "Run /rap status, and ask again if it is still needed.")
	}
	o, err := b.book.propose(ctx, rapbot.Record{
		Kind: rapbot.RecProposed, By: &by, Plan: &plan, Text: reason, Channel: channel,
		Expires: b.opt.Clock.Now().UTC().Add(b.opt.ExpireAfter),
	})
	if err == nil {
		b.log.Info("proposed", zap.String("op", o.ID), zap.String("user", by.ID), zap.String("kind", string(wish.Kind)), zap.String("region", wish.Region), zap.String("digest", plan.ShortDigest()))
	}
	return o, plan, err
}

// newest is the ID of the last operation, empty when there was none. It refuses
// while that is open; the journal has the last word when two propose at once.
func (b *Bot) newest(ctx context.Context) (string, error) {
	last, err := b.opt.Operations.History(ctx, 1)
	if err != nil || len(last) == 0 {
		return "", err
	}
	o := last[0]
	if o.State.Final() {
		return o.ID, nil
	}
	now := fmt.Sprintf("See /rap show %s, or /rap cancel %s.", o.ID, o.ID)
	if o.State == rapbot.NeedsDecision {
		now = "Answer its question on its card."
	}
	return o.ID, rapbot.Refuse(rapbot.Conflict, fmt.Sprintf("Operation %s (%s, asked for by %s) %s. One at a time.", o.ID, o.Plan.Title(), o.Requester.Name, o.State.Is()), now)
}

// Approve decides for a plan. The world is observed again first: a plan that
// has changed is not approved, and its card shows the new one (R2).
func (b *Bot) Approve(ctx context.Context, id, digest string, by rapbot.Person) (rapbot.Operation, error) {
	o, err := b.book.get(ctx, id)
	if err != nil {
		return o, err
	}
	full, err := shownDigest(o, digest)
	if err != nil {
		return o, err
	}
	if err := rapbot.JudgeApproval(o, by, full, b.opt.Clock.Now()); err != nil {
		b.log.Info("approval refused", zap.String("op", id), zap.String("user", by.ID), zap.String("code", string(rapbot.ErrorCode(err))))
		return o, err
	}
	if err := b.stillTheSame(ctx, o); err != nil {
		return o, err
	}
	o, err = b.book.write(ctx, id, func(o rapbot.Operation) ([]rapbot.Record, error) {
		if err := rapbot.JudgeApproval(o, by, full, b.opt.Clock.Now()); err != nil {
			return nil, err
		}
		return []rapbot.Record{{Kind: rapbot.RecApproved, By: &by, Digest: full}}, nil
	})
	if err == nil {
		b.log.Info("approved", zap.String("op", id), zap.String("user", by.ID), zap.String("digest", o.Plan.ShortDigest()))
	}
	return o, err
}

// shownDigest completes a digest that a person typed. With none typed there
// must never have been more than one plan to mean.
func shownDigest(o rapbot.Operation, typed string) (string, error) {
	full := o.Plan.Digest()
	if typed == "" {
		for _, r := range o.Records {
			if r.Kind == rapbot.RecReplanned {
				return "", rapbot.Refuse(rapbot.Stale, fmt.Sprintf("The plan of operation %s has changed since it was first shown.", o.ID),
					fmt.Sprintf("Read its card; to approve the plan it shows now, press its button or type /rap approve %s %s.", o.ID, o.Plan.ShortDigest()))
			}
		}
		return full, nil
	}
	if len(typed) >= 8 && strings.HasPrefix(full, typed) {
		return full, nil
	}
	return typed, nil
}

// stillTheSame plans again on what is true now and compares. A different plan
// is recorded, so that the card shows it and asks afresh.
func (b *Bot) stillTheSame(ctx context.Context, o rapbot.Operation) error {
	t, err := b.observe(ctx)
	if err != nil {
		return err
	}
	now, err := b.planOn(ctx, t, o.Plan.Wish(), o.Plan)
	if ctx.Err() != nil {
		return ctx.Err() // what could not be asked in time is not how the world is
	}
	if err != nil && !t.Complete() {
		return rapbot.Refuse(rapbot.Unavailable, "I cannot see the whole fleet at this moment: "+firstBeat(err), "Try again when /rap status is whole, or cancel operation "+o.ID+".")
	}
	if err != nil {
		text := "It was not run. " + firstBeat(err) + " " + o.Unchanged()
		if werr := b.recordUndecided(ctx, o.ID, rapbot.Record{Kind: rapbot.RecFailed, Text: text}); werr != nil {
			return werr
		}
		return &rapbot.Error{Code: rapbot.Stale, What: "The world has changed since this plan was shown: " + firstBeat(err), Changed: "Nothing was changed.", Now: "Run /rap status.", Err: err}
	}
	if diff := o.Plan.Difference(now); diff != "" {
		record := rapbot.Record{Kind: rapbot.RecReplanned, Plan: &now, Text: diff, Expires: b.opt.Clock.Now().UTC().Add(b.opt.ExpireAfter)}
		if err := b.recordUndecided(ctx, o.ID, record); err != nil {
			return err
		}
		return rapbot.Refuse(rapbot.Stale, "The world has changed since this plan was shown: "+diff, "Read the new plan on its card and decide on that.")
	}
	if failed := now.ChecksWith(rapbot.Fail); len(failed) > 0 {
		return rapbot.Refuse(rapbot.Precondition, fmt.Sprintf("It cannot run at this moment: %s (%s).", failed[0].Name, failed[0].Detail), strings.TrimSpace(failed[0].Fix+" Then approve again."))
	}
	return nil
}

// recordUndecided writes a record for an operation that has not begun. The
// world was asked in between, and somebody else's approval may have begun it.
func (b *Bot) recordUndecided(ctx context.Context, id string, r rapbot.Record) error {
	_, err := b.book.write(ctx, id, func(o rapbot.Operation) ([]rapbot.Record, error) {
		if o.State != rapbot.AwaitingApproval && o.State != rapbot.Approved {
			return nil, nil
		}
		return []rapbot.Record{r}, nil
	})
	return err
}

// Reject decides against a plan.
func (b *Bot) Reject(ctx context.Context, id, reason string, by rapbot.Person) (rapbot.Operation, error) {
	return b.book.write(ctx, id, func(o rapbot.Operation) ([]rapbot.Record, error) {
		if err := rapbot.JudgeRejection(o, by, b.opt.Clock.Now()); err != nil {
			return nil, err
		}
		return []rapbot.Record{{Kind: rapbot.RecRejected, By: &by, Text: reason}}, nil
	})
}

// Cancel withdraws an operation, or asks a running one to stop and roll back.
func (b *Bot) Cancel(ctx context.Context, id string, by rapbot.Person) (rapbot.Operation, error) {
	return b.book.write(ctx, id, func(o rapbot.Operation) ([]rapbot.Record, error) {
		if err := rapbot.JudgeCancel(o, by); err != nil {
			return nil, err
		}
		if o.State == rapbot.Running {
			return []rapbot.Record{{Kind: rapbot.RecStopAsked, By: &by}}, nil
		}
		return []rapbot.Record{{Kind: rapbot.RecCancelled, By: &by, Text: "Cancelled before it ran. " + o.Unchanged()}}, nil
	})
}

// Answer answers the question of an operation that needs a decision; asked is
// what the button says of which one that was.
func (b *Bot) Answer(ctx context.Context, id, asked, answer string, by rapbot.Person) (rapbot.Operation, error) {
	question, _ := strconv.Atoi(asked) // what is no number is no question: there is no record 0
	return b.book.write(ctx, id, func(o rapbot.Operation) ([]rapbot.Record, error) {
		if err := rapbot.JudgeAnswer(o, question, answer, by); err != nil {
			return nil, err
		}
		b.log.Info("answered", zap.String("op", id), zap.String("user", by.ID), zap.String("answer", answer))
		return []rapbot.Record{{Kind: rapbot.RecAnswered, By: &by, Text: answer}}, nil
	})
}

// Operation returns one operation.
func (b *Bot) Operation(ctx context.Context, id string) (rapbot.Operation, error) {
	return b.book.get(ctx, id)
}

// Open returns the operations that have not ended.
func (b *Bot) Open(ctx context.Context) ([]rapbot.Operation, error) {
	return b.opt.Operations.Open(ctx)
}

// History returns the newest operations first.
func (b *Bot) History(ctx context.Context, limit int) ([]rapbot.Operation, error) {
	return b.opt.Operations.History(ctx, limit)
}
