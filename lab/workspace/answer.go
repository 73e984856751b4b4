package workspace

import (
	"net/http"
	"time"
)

// answerUses is how often a response_url may be used
// (https://docs.slack.dev/interactivity/handling-user-interaction#message_responses).
const answerUses = 5

// answerURL is a response_url: leave to say something about one command or click, without being in the channel.
type answerURL struct {
	url, path string // path is commands or actions
	channel   *channel
	person    *person
	message   *message // the message clicked on, or the last answer to a command
	typed     string   // the command as typed, until it was published
	until     time.Time
	uses      int
}

func (w *Workspace) mintAnswer(a *answerURL) *answerURL {
	path := "/" + a.path + "/" + w.team + "/" + w.names.next("R") + "/" + secret(12)
	a.url, a.until = w.base+path, w.now().Add(w.opt.AnswerLife)
	w.answers[path] = a
	return a
}

// serveAnswer takes what the app posts to a response_url.
func (w *Workspace) serveAnswer(rw http.ResponseWriter, r *http.Request) {
	args, err := readParams(rw, r)
	if err != nil {
		writeJSON(rw, http.StatusBadRequest, fail("invalid_payload"))
		return
	}
	if whole := args.str("payload"); whole != "" {
		args = params{}
		if decode([]byte(whole), &args) != nil {
			writeJSON(rw, http.StatusBadRequest, fail("invalid_payload"))
			return
		}
	}
	c := &call{method: "response_url", params: args, origin: originOf(r), status: http.StatusOK}
	w.serveCall(rw, c, func(c *call) reply { return w.useAnswer(c, w.answers[r.URL.Path]) })
}

// useAnswer spends one use. What Slack answers to a spent or expired address is not documented; apps have seen 404.
func (w *Workspace) useAnswer(c *call, a *answerURL) reply {
	switch {
	case a == nil:
		c.status = http.StatusNotFound
		return fail("no_such_url")
	case a.uses >= answerUses:
		c.status = http.StatusNotFound
		return fail("used_url")
	case w.now().After(a.until):
		c.status = http.StatusNotFound
		return fail("expired_url")
	}
	body, refused := w.content(c.params)
	if refused != nil {
		c.status = http.StatusBadRequest
		return refused
	}
	if body.empty() && !c.params.yes("delete_original") {
		c.status = http.StatusBadRequest
		return fail("no_text")
	}
	a.uses++
	w.answerWith(a, c.params, body)
	w.accept("message", c.method, body.blocks)
	return done(nil)
}

// answerWith replaces or deletes the original, or says something new. A message stays what it was, ephemeral or not; the
// command a person typed is never changed.
func (w *Workspace) answerWith(a *answerURL, p params, body content) {
	original := a.message
	if original != nil && original.deleted {
		original = nil
	}
	if original != nil && p.yes("delete_original") {
		w.remove(original)
		original = nil
	}
	if body.empty() {
		return
	}
	if original != nil && p.yes("replace_original") {
		body.into(original)
		w.edited(original, false)
		return
	}
	m := body.into(&message{channel: a.channel, user: w.app.userID, threadTS: a.channel.threadOf(p.str("thread_ts"))})
	if p.str("response_type") != "in_channel" {
		m.ephemeralTo = a.person.ID
	} else if a.typed != "" {
		w.post(&message{channel: a.channel, user: a.person.ID, text: a.typed})
		a.typed = ""
	}
	w.post(m)
	if a.path == "commands" {
		a.message = m
	}
}
