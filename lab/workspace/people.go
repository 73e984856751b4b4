package workspace

import (
	"slices"
	"strings"
)

// slackbot speaks for Slack itself: errors that Slack shows to a person.
const slackbot = "USLACKBOT"

// person is a Person and all that is in front of them.
type person struct {
	Person
	dm            *channel
	stack         []*view // the open modals, the topmost last
	home          *view
	notifications []Notification
}

// settle turns the options' names into people, channels and groups that know one another.
func (w *Workspace) settle() {
	for _, p := range w.opt.People {
		if p.ID == "" {
			p.ID = "U07" + strings.ToUpper(p.Name)
		}
		setText(&p.RealName, p.Name)
		setText(&p.Role, "member")
		setText(&p.Email, p.Name+"@rap-analyzer.example")
		w.people = append(w.people, &person{Person: p})
	}
	w.people = append(w.people,
		&person{Person: Person{Name: w.app.name, ID: w.app.userID, Role: "app", RealName: w.app.name, Bot: true}},
		&person{Person: Person{Name: "slackbot", ID: slackbot, Role: "app", RealName: "Slackbot"}})
	for _, c := range w.opt.Channels {
		w.addChannel(c)
	}
	for _, p := range w.humans() {
		p.dm = &channel{id: "D07" + strings.TrimPrefix(p.ID, "U07"), name: w.app.name, im: true, with: p.ID, members: []string{p.ID, w.app.userID}}
		p.DM = p.dm.id
		w.channels = append(w.channels, p.dm)
	}
	for _, g := range w.opt.Groups {
		group := g
		group.Members = w.ids(g.Members)
		w.groups = append(w.groups, &group)
	}
}

func (w *Workspace) addChannel(c Channel) {
	if c.ID == "" {
		c.ID = "C07" + strings.ToUpper(strings.ReplaceAll(c.Name, "-", ""))
	}
	members := w.ids(c.Members)
	if c.AppIn && !slices.Contains(members, w.app.userID) {
		members = append(members, w.app.userID)
	}
	w.channels = append(w.channels, &channel{
		id: c.ID, name: c.Name, private: c.Private, archived: c.Archived, topic: c.Topic, members: members,
	})
}

// ids turns names or ids into ids; a name nobody has is kept, so that a mistake shows.
func (w *Workspace) ids(names []string) []string {
	ids := make([]string, 0, len(names))
	for _, name := range names {
		if p := w.who(name); p != nil {
			name = p.ID
		}
		ids = append(ids, name)
	}
	return ids
}

// who finds anybody, bots included, by name or id.
func (w *Workspace) who(name string) *person {
	name = strings.TrimPrefix(name, "@")
	for _, p := range w.people {
		if p.ID == name || strings.EqualFold(p.Name, name) {
			return p
		}
	}
	return nil
}

// humans are the people who can sit in front of Slack.
func (w *Workspace) humans() []*person {
	var humans []*person
	for _, p := range w.people {
		if !p.Bot && p.ID != slackbot {
			humans = append(humans, p)
		}
	}
	return humans
}

// group finds a user group by id or handle.
func (w *Workspace) group(name string) *Group {
	for _, g := range w.groups {
		if g.ID == name || g.Handle == name {
			return g
		}
	}
	return nil
}

// SetGroup replaces a user group's members, as an administrator would.
func (w *Workspace) SetGroup(handle string, members ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.group(handle); g != nil {
		g.Members = w.ids(members)
		w.tell(note{Type: "workspace"})
	}
}

// SetPerson changes a person, for deactivating one or making one a guest.
func (w *Workspace) SetPerson(name string, change func(*Person)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p := w.who(name); p != nil {
		change(&p.Person)
		w.tell(note{Type: "workspace"})
	}
}

// user is a person as users.info describes them (https://docs.slack.dev/reference/objects/user-object).
func (w *Workspace) user(p *person) map[string]any {
	profile := map[string]any{"real_name": p.RealName, "display_name": p.Name, "real_name_normalized": p.RealName, "team": w.team}
	if w.scopes["users:read.email"] && p.Email != "" {
		profile["email"] = p.Email
	}
	if p.Bot {
		profile["bot_id"], profile["api_app_id"] = w.app.botID, w.app.id
	}
	return map[string]any{
		"id": p.ID, "team_id": w.team, "name": p.Name, "real_name": p.RealName, "deleted": p.Deleted, "profile": profile,
		"tz": "Etc/UTC", "tz_label": "Coordinated Universal Time", "tz_offset": 0, "updated": 1700000000,
		"is_admin": false, "is_owner": false, "is_primary_owner": false, "is_restricted": p.Restricted, "is_ultra_restricted": false,
		"is_bot": p.Bot, "is_app_user": false, "is_stranger": p.Stranger,
	}
}
