package workspace

import "slices"

// event sends an Events API event, and again as long as nobody acknowledges it, after each of RetryDelays
// (https://docs.slack.dev/apis/events-api/#retries). Every attempt carries the same event_id.
func (w *Workspace) event(kind string, inner map[string]any) {
	if !slices.Contains(w.opt.Events, kind) {
		return
	}
	now := w.now()
	payload := map[string]any{
		"token": w.app.verification, "team_id": w.team, "api_app_id": w.app.id, "event": inner, "type": "event_callback",
		"event_id": w.names.next("Ev"), "event_time": now.Unix(), "is_ext_shared_channel": false,
		"authorizations": []any{map[string]any{
			"enterprise_id": nil, "team_id": w.team, "user_id": w.app.userID, "is_bot": true, "is_enterprise_install": false,
		}},
		"event_context": "4-" + w.names.next("EC"),
	}
	w.attempt(payload, 0, "")
}

// attempt delivers an event for the nth time.
func (w *Workspace) attempt(payload map[string]any, n int, reason string) {
	again := func(failure string) {
		if n >= len(w.opt.RetryDelays) {
			return
		}
		next := "timeout"
		if failure == "dispatch_failed" {
			next = "connection_failed"
		}
		w.after(w.opt.RetryDelays[n], func() { w.attempt(payload, n+1, next) })
	}
	w.deliver(&delivery{kind: "events_api", payload: payload, attempt: n, reason: reason, acked: nothing, failed: again})
}
