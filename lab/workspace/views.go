package workspace

func (w *Workspace) viewsOpen(c *call) reply {
	body, refused := w.checkView(c.params.raw("view"), "modal")
	if refused != nil {
		return refused
	}
	if w.viewByRef("", text(body["external_id"])) != nil {
		return fail("duplicate_external_id")
	}
	t, wrong := w.useTrigger(c.params.str("trigger_id"))
	if wrong != "" {
		return fail(wrong)
	}
	if len(t.person.stack) > 0 {
		w.shut(t.person, t.person.stack[0], true)
	}
	v := w.newView(t.person, body, c.method)
	w.push(v)
	return done(reply{"view": v.object()})
}

func (w *Workspace) viewsPush(c *call) reply {
	body, refused := w.checkView(c.params.raw("view"), "modal")
	if refused != nil {
		return refused
	}
	if w.viewByRef("", text(body["external_id"])) != nil {
		return fail("duplicate_external_id")
	}
	t, wrong := w.useTrigger(c.params.str("trigger_id"))
	switch {
	case wrong != "":
		return fail(wrong)
	case t.from == nil || len(t.person.stack) == 0:
		return fail("not_found")
	case len(t.person.stack) >= stackLimit:
		return fail("push_limit_reached")
	}
	v := w.newView(t.person, body, c.method)
	w.push(v)
	return done(reply{"view": v.object()})
}

func (w *Workspace) viewsUpdate(c *call) reply {
	v := w.viewByRef(c.params.str("view_id"), c.params.str("external_id"))
	if v == nil {
		return fail("not_found")
	}
	body, refused := w.checkView(c.params.raw("view"), v.str("type"))
	if refused != nil {
		return refused
	}
	if hash := c.params.str("hash"); hash != "" && hash != v.hash {
		return fail("hash_conflict")
	}
	if other := w.viewByRef("", text(body["external_id"])); other != nil && other != v {
		return fail("duplicate_external_id")
	}
	v.fill(body, c.method)
	return done(reply{"view": v.object()})
}

func (w *Workspace) viewsPublish(c *call) reply {
	p := w.who(c.params.str("user_id"))
	if p == nil || p.dm == nil {
		return fail("user_not_found")
	}
	body, refused := w.checkView(c.params.raw("view"), "home")
	if refused != nil {
		return refused
	}
	if hash := c.params.str("hash"); hash != "" && p.home != nil && hash != p.home.hash {
		return fail("hash_conflict")
	}
	if p.home == nil {
		p.home = w.newView(p, body, c.method)
	} else {
		p.home.fill(body, c.method)
	}
	return done(reply{"view": p.home.object()})
}
