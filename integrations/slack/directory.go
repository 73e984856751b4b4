package slack

import (
	"context"
	"slices"
	"time"

	sdk "github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot"
)

// groupAge is how old the membership of a group may be when an approval is
// judged by it. It is shorter than the time in which somebody who was taken
// out of the group would notice, and keeps Slack's limit of twenty a minute.
const groupAge = 5 * time.Second

// slackbot is a bot that Slack does not mark as one.
const slackbot = "USLACKBOT"

// Person looks a person up now. Whatever goes wrong, the answer is that it
// cannot be found out, and nothing may be approved (R1).
func (a *Adapter) Person(ctx context.Context, id string) (rapbot.Person, error) {
	if !userID.MatchString(id) {
		return rapbot.Person{}, unknownPerson(nil)
	}
	me, err := a.whoAmI(ctx)
	if err != nil {
		return rapbot.Person{}, unknownPerson(a.told("auth.test", err, ""))
	}
	var user *sdk.User
	err = a.call(ctx, "users.info", "", repeatable, func(ctx context.Context) (err error) {
		user, err = a.api.GetUserInfoContext(ctx, id)
		return err
	})
	if err != nil {
		return rapbot.Person{}, unknownPerson(a.told("users.info", err, ""))
	}
	if user == nil || user.ID != id {
		return rapbot.Person{}, unknownPerson(nil)
	}
	approver, err := a.approves(ctx, id)
	if err != nil {
		return rapbot.Person{}, unknownPerson(err)
	}
	return rapbot.Person{
		ID: id, Name: bound(line(nameOf(user)), 80), Approver: approver, Inactive: user.Deleted,
		Guest: user.IsRestricted || user.IsUltraRestricted || user.IsInvitedUser, Bot: user.IsBot || user.IsWorkflowBot || user.IsConnectorBot || id == slackbot,
		External: user.IsStranger || user.TeamID != me.team,
	}, nil
}

func unknownPerson(cause error) error {
	return &rapbot.Error{
		Code: rapbot.Unavailable, What: "I could not find out who may do this, because Slack did not tell.",
		Changed: "Nothing was changed.", Now: "Try again in a moment.", Err: cause,
	}
}

func nameOf(u *sdk.User) string {
	for _, s := range []string{u.Profile.DisplayName, u.RealName, u.Profile.RealName, u.Name} {
		if line(s) != "" {
			return s
		}
	}
	return u.ID
}

// approves reports whether somebody is an approver by name or by group. All
// groups are asked, so that one that cannot be read is noticed while it does
// not matter yet.
func (a *Adapter) approves(ctx context.Context, id string) (bool, error) {
	approves := slices.Contains(a.cfg.ApproverUsers, id)
	for _, group := range a.cfg.ApproverGroups {
		members, err := a.members(ctx, group)
		if err != nil {
			return false, err
		}
		approves = approves || slices.Contains(members, id)
	}
	return approves, nil
}

// groups remembers memberships for a few seconds. One question at a time goes
// to Slack; those who wait for it share its answer.
type groups struct {
	asking chan struct{} // a lock that can be given up on
	known  map[string]membership
}

type membership struct {
	members []string
	asked   time.Time // before the question went out, so that the age is never underrated
}

func newGroups() *groups {
	return &groups{asking: make(chan struct{}, 1), known: map[string]membership{}}
}

func (a *Adapter) members(ctx context.Context, group string) ([]string, error) {
	g := a.groups
	select {
	case g.asking <- struct{}{}:
		defer func() { <-g.asking }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if m := g.known[group]; time.Since(m.asked) < groupAge {
		return m.members, nil
	}
	var asked time.Time
	var members []string
	err := a.call(ctx, "usergroups.users.list", "", repeatable, func(ctx context.Context) (err error) {
		asked = time.Now()
		members, err = a.api.GetUserGroupMembersContext(ctx, group)
		return err
	})
	if err != nil {
		delete(g.known, group)
		return nil, a.told("usergroups.users.list", err, "")
	}
	g.known[group] = membership{members, asked}
	return members, nil
}
