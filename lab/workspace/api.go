package workspace

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// call is one Web API call under way.
type call struct {
	method     string
	params     params
	token      string
	inHeader   bool
	origin     string // see originOf
	status     int
	retryAfter int    // seconds; -1 leaves the header out
	words      string // answered in place of JSON
}

// reply is the JSON object a call answers with.
type reply map[string]any

func fail(code string) reply { return reply{"ok": false, "error": code} }

func done(more reply) reply {
	if more == nil {
		more = reply{}
	}
	more["ok"] = true
	return more
}

// method is one row of the Web API.
type method struct {
	tier    tier
	scope   string // empty when the method needs none, or decides by its argument
	appOnly bool   // takes the app-level token, in the header only
	run     func(*Workspace, *call) reply
}

// serveAPI answers POST and GET /api/{method}.
func (w *Workspace) serveAPI(rw http.ResponseWriter, r *http.Request) {
	args, err := readParams(rw, r)
	if err != nil {
		writeJSON(rw, http.StatusOK, fail("invalid_json"))
		return
	}
	c := &call{method: r.PathValue("method"), params: args, origin: originOf(r), status: http.StatusOK}
	if bearer, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); found {
		c.token, c.inHeader = bearer, true
	} else {
		c.token = args.str("token")
	}
	delete(args, "token")
	w.serveCall(rw, c, w.answer)
}

// serveCall runs one call under the lock, with whatever is broken on purpose, and records it.
func (w *Workspace) serveCall(rw http.ResponseWriter, c *call, answer func(*call) reply) {
	at := time.Now()
	w.mu.Lock()
	var body reply
	switch {
	case w.faults.serverError(c):
		c.status = http.StatusServiceUnavailable
	case w.faults.rateLimited(c):
		body = fail("ratelimited")
	default:
		body = answer(c)
	}
	w.record(c, at, body)
	raw := encode(body) // now: a reply may hold a view that changes once mu is free
	cut, slow := w.faults.eofAfterCommit(c), w.faults.slow(c)
	w.mu.Unlock()

	time.Sleep(slow)
	switch {
	case cut:
		cutConnection(rw)
	case c.status == http.StatusServiceUnavailable:
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.WriteHeader(c.status)
		_, _ = rw.Write([]byte("<!DOCTYPE html><html><head><title>Slack</title></head><body>Something went wrong on our end.</body></html>"))
	default:
		if c.status == http.StatusTooManyRequests && c.retryAfter >= 0 {
			rw.Header().Set("Retry-After", strconv.Itoa(c.retryAfter))
		}
		if c.words != "" {
			http.Error(rw, c.words, c.status)
			return
		}
		writeRaw(rw, c.status, raw)
	}
}

// answer checks token, rate and scope, in that order, and runs the method.
func (w *Workspace) answer(c *call) reply {
	m, known := methods[c.method]
	if !known {
		return reply{"ok": false, "error": "unknown_method", "req_method": c.method}
	}
	if denied := w.authenticate(c, m); denied != "" {
		return fail(denied)
	}
	if w.overTier(c, m.tier) {
		return fail("ratelimited")
	}
	if m.scope != "" && !w.scopes[m.scope] {
		return w.missingScope(m.scope)
	}
	return m.run(w, c)
}

// authenticate is "" or Slack's name for what is wrong with the token.
func (w *Workspace) authenticate(c *call, m method) string {
	switch {
	case c.token == "", m.appOnly && !c.inHeader:
		return "not_authed"
	case m.appOnly && c.token == w.opt.AppToken, !m.appOnly && c.token == w.opt.BotToken:
		return ""
	case c.token == w.opt.AppToken, c.token == w.opt.BotToken:
		return "not_allowed_token_type"
	default:
		return "invalid_auth"
	}
}

// missingScope names the scope that is needed and those the app was granted.
func (w *Workspace) missingScope(needed string) reply {
	return reply{"ok": false, "error": "missing_scope", "needed": needed, "provided": strings.Join(w.opt.Scopes, ",")}
}

// cutConnection ends the TCP connection without an answer.
func cutConnection(rw http.ResponseWriter) {
	conn, _, err := http.NewResponseController(rw).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // a wrapped writer: the server cuts the connection instead
	}
	_ = conn.Close()
}
