package workspace

import (
	"encoding/json"
	"time"
)

// delivery is one envelope: sent, then acknowledged or given up.
type delivery struct {
	id      string
	kind    string // events_api, slash_commands or interactive
	payload map[string]any
	raw     json.RawMessage // the payload as it was when it was first sent
	attempt int             // events_api only
	reason  string          // why it is sent again
	settled bool
	timer   *time.Timer
	acked   func(json.RawMessage)
	failed  func(reason string)
	ack     json.RawMessage
}

// deliver sends an envelope to any one socket and waits, without blocking, for its acknowledgement. Exactly one of acked
// and failed is called, with mu held; failed gets dispatch_failed or operation_timeout.
func (w *Workspace) deliver(d *delivery) {
	d.id = w.names.envelopeID()
	w.deliveries[d.id], d.raw = d, encode(d.payload)
	w.sent = append(w.sent, d)
	if !w.put(d) {
		w.settleDelivery(d, func() { d.failed("dispatch_failed") })
		return
	}
	if w.faults.Duplicate > 0 {
		w.faults.Duplicate--
		w.put(d)
	}
	patience := w.opt.AckTimeout - time.Duration(w.faults.LateAck*float64(time.Second))
	d.timer = w.after(max(0, patience), func() {
		w.settleDelivery(d, func() { d.failed("operation_timeout") })
	})
}

// put writes an envelope to a socket (https://docs.slack.dev/apis/events-api/using-socket-mode).
func (w *Workspace) put(d *delivery) bool {
	s := w.pick()
	if s == nil {
		return false
	}
	envelope := map[string]any{
		"envelope_id": d.id, "type": d.kind, "payload": d.raw, "accepts_response_payload": d.kind != "events_api",
	}
	if d.kind == "events_api" {
		envelope["retry_attempt"], envelope["retry_reason"] = d.attempt, d.reason
	}
	s.send(envelope)
	return true
}

// acknowledge settles the envelope an acknowledgement names. A second one, or one that came too late, changes nothing.
func (w *Workspace) acknowledge(id string, payload json.RawMessage) {
	d := w.deliveries[id]
	if d == nil || d.settled {
		return
	}
	d.ack = payload
	if len(payload) == 0 {
		d.ack = json.RawMessage("{}")
	}
	w.settleDelivery(d, func() { d.acked(payload) })
}

// settleDelivery ends a delivery once.
func (w *Workspace) settleDelivery(d *delivery, end func()) {
	if d.settled {
		return
	}
	d.settled = true
	if d.timer != nil {
		d.timer.Stop()
		delete(w.timers, d.timer)
	}
	end()
}

// Delivery is one envelope as it went to the app, for a test to look into.
type Delivery struct {
	ID      string
	Type    string
	Attempt int
	Acked   bool
	Ack     json.RawMessage // what the acknowledgement carried
	Payload json.RawMessage
}

// Deliveries are the envelopes sent so far, redeliveries among them, oldest first.
func (w *Workspace) Deliveries() []Delivery {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := []Delivery{}
	for _, d := range w.sent {
		out = append(out, Delivery{ID: d.id, Type: d.kind, Attempt: d.attempt, Acked: d.ack != nil, Ack: d.ack, Payload: d.raw})
	}
	return out
}
