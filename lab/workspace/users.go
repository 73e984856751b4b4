package workspace

func (w *Workspace) usersInfo(c *call) reply {
	p := w.who(c.params.str("user"))
	if p == nil || p.ID != c.params.str("user") {
		return fail("user_not_found")
	}
	return done(reply{"user": w.user(p)})
}

func (w *Workspace) usersList(*call) reply {
	members := []any{}
	for _, p := range w.people {
		members = append(members, w.user(p))
	}
	return done(reply{"members": members, "cache_ts": w.now().Unix(), "response_metadata": map[string]any{"next_cursor": ""}})
}

func (w *Workspace) usergroupsList(c *call) reply {
	groups := []any{}
	for _, g := range w.groups {
		shown := map[string]any{
			"id": g.ID, "team_id": w.team, "is_usergroup": true, "name": g.Name, "handle": g.Handle, "description": "", "is_external": false,
			"date_create": 1700000000, "date_update": 1700000000, "date_delete": 0, "user_count": len(g.Members),
			"prefs": map[string]any{"channels": []any{}, "groups": []any{}},
		}
		if c.params.yes("include_users") {
			shown["users"] = g.Members
		}
		groups = append(groups, shown)
	}
	return done(reply{"usergroups": groups})
}

func (w *Workspace) usergroupsUsersList(c *call) reply {
	for _, g := range w.groups {
		if g.ID == c.params.str("usergroup") {
			return done(reply{"users": append([]string{}, g.Members...)})
		}
	}
	return fail("no_such_subteam")
}

func (w *Workspace) reactionsAdd(c *call) reply {
	ch := w.channelByID(c.params.str("channel"))
	if ch == nil || !ch.has(w.app.userID) {
		return fail("channel_not_found")
	}
	m := ch.find(c.params.str("timestamp"))
	name := c.params.str("name")
	switch {
	case m == nil || m.ephemeralTo != "":
		return fail("message_not_found")
	case !emojiName.MatchString(name):
		return fail("invalid_name")
	case !m.react(name, w.app.userID):
		return fail("already_reacted")
	}
	w.tell(note{Type: "message", Channel: ch.id})
	return done(nil)
}
