package workspace

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// Faults are what is broken on purpose. The first group stays in force until changed; the rest wears off by itself.
type Faults struct {
	HalfOpen              bool    `json:"half_open,omitempty"`
	RefuseConnections     bool    `json:"refuse_connections,omitempty"`
	LinkDisabledOnConnect bool    `json:"link_disabled_on_connect,omitempty"`
	LateAck               float64 `json:"late_ack,omitempty"`   // seconds
	FastClock             float64 `json:"fast_clock,omitempty"` // seconds

	Duplicate      int           `json:"duplicate,omitempty"`
	RateLimit      []MethodFault `json:"rate_limit,omitempty"`
	ServerError    []MethodFault `json:"server_error,omitempty"`
	EOFAfterCommit []MethodFault `json:"eof_after_commit,omitempty"`
	Slow           []MethodFault `json:"slow,omitempty"`
}

// MethodFault befalls the next calls of a method, or of any when Method is "*"; with a Channel only those about it.
type MethodFault struct {
	Method     string `json:"method"`
	Channel    string `json:"channel,omitempty"` // its ID
	Times      int    `json:"times"`
	RetryAfter int    `json:"retry_after,omitempty"` // seconds; 0 leaves the header out
	MS         int    `json:"ms,omitempty"`
}

// Fault breaks something: a JSON object with the keys of docs/lab.md. It answers with what is in force.
func (w *Workspace) Fault(body []byte) (Faults, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	keys := map[string]json.RawMessage{}
	if err := json.Unmarshal(body, &keys); err != nil {
		return w.faults.copy(), fmt.Errorf("read faults: %w", err)
	}
	warning := 10.0
	if raw, given := keys["warning_seconds"]; given {
		if err := json.Unmarshal(raw, &warning); err != nil {
			return w.faults.copy(), fmt.Errorf("warning_seconds: %w", err)
		}
		delete(keys, "warning_seconds")
	}
	for key, raw := range keys {
		if err := w.fault(key, raw, warning); err != nil {
			return w.faults.copy(), fmt.Errorf("%s: %w", key, err)
		}
	}
	return w.faults.copy(), nil
}

// copy is safe to read once mu is released.
func (f Faults) copy() Faults {
	f.RateLimit, f.ServerError = slices.Clone(f.RateLimit), slices.Clone(f.ServerError)
	f.EOFAfterCommit, f.Slow = slices.Clone(f.EOFAfterCommit), slices.Clone(f.Slow)
	return f
}

// ClearFaults mends everything.
func (w *Workspace) ClearFaults() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.faults = Faults{}
	w.muteSockets(false)
}

func (w *Workspace) fault(key string, raw json.RawMessage, warning float64) error {
	switch key {
	case "disconnect":
		return w.faultDisconnect(raw, warning)
	case "drop":
		return w.faultDrop(raw)
	case "half_open":
		err := json.Unmarshal(raw, &w.faults.HalfOpen)
		w.muteSockets(w.faults.HalfOpen)
		return err
	case "refuse_connections":
		return json.Unmarshal(raw, &w.faults.RefuseConnections)
	case "link_disabled_on_connect":
		return json.Unmarshal(raw, &w.faults.LinkDisabledOnConnect)
	case "late_ack":
		return json.Unmarshal(raw, &w.faults.LateAck)
	case "fast_clock":
		return json.Unmarshal(raw, &w.faults.FastClock)
	case "duplicate":
		return json.Unmarshal(raw, &w.faults.Duplicate)
	case "rate_limit":
		return addFault(&w.faults.RateLimit, raw)
	case "server_error":
		return addFault(&w.faults.ServerError, raw)
	case "eof_after_commit":
		return addFault(&w.faults.EOFAfterCommit, raw)
	case "slow":
		return addFault(&w.faults.Slow, raw)
	default:
		return fmt.Errorf("no such fault")
	}
}

func (w *Workspace) faultDisconnect(raw json.RawMessage, warning float64) error {
	var reason string
	if err := json.Unmarshal(raw, &reason); err != nil {
		return err
	}
	switch reason {
	case "warning", "refresh_requested", "link_disabled", "too_many_websockets":
	default:
		return fmt.Errorf("no such reason %q", reason)
	}
	for s := range w.sockets {
		s.disconnect(reason)
		if reason == "warning" {
			w.after(time.Duration(warning*float64(time.Second)), s.end)
		}
	}
	return nil
}

func (w *Workspace) faultDrop(raw json.RawMessage) error {
	var drop bool
	if err := json.Unmarshal(raw, &drop); err != nil {
		return err
	}
	if drop {
		for s := range w.sockets {
			s.cut()
		}
	}
	return nil
}

// muteSockets makes today's sockets half open, or hear again. A socket opened later is a new, healthy connection.
func (w *Workspace) muteSockets(mute bool) {
	for s := range w.sockets {
		s.mute = mute
	}
}

func addFault(list *[]MethodFault, raw json.RawMessage) error {
	f := MethodFault{Method: "*", Times: 1}
	if err := json.Unmarshal(raw, &f); err != nil {
		return err
	}
	*list = append(*list, f)
	return nil
}

// spend finds a fault for a call and uses it once.
func spend(list *[]MethodFault, c *call) (MethodFault, bool) {
	for i, f := range *list {
		if f.Method != c.method && f.Method != "*" || f.Channel != "" && f.Channel != c.params.str("channel") {
			continue
		}
		if (*list)[i].Times--; (*list)[i].Times <= 0 {
			*list = append((*list)[:i:i], (*list)[i+1:]...)
		}
		return f, true
	}
	return MethodFault{}, false
}

func (f *Faults) serverError(c *call) bool {
	_, hit := spend(&f.ServerError, c)
	return hit
}

func (f *Faults) rateLimited(c *call) bool {
	hit, limited := spend(&f.RateLimit, c)
	if limited {
		c.status, c.retryAfter = http.StatusTooManyRequests, hit.RetryAfter
		if hit.RetryAfter == 0 {
			c.retryAfter = -1
		}
	}
	return limited
}

func (f *Faults) eofAfterCommit(c *call) bool {
	_, hit := spend(&f.EOFAfterCommit, c)
	return hit
}

func (f *Faults) slow(c *call) time.Duration {
	hit, _ := spend(&f.Slow, c)
	return time.Duration(hit.MS) * time.Millisecond
}

func (w *Workspace) serveFaults(rw http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodDelete {
		w.ClearFaults()
	}
	body := []byte("{}")
	if r.Method == http.MethodPost {
		var err error
		if body, err = io.ReadAll(http.MaxBytesReader(rw, r.Body, bodyLimit)); err != nil {
			writeJSON(rw, http.StatusBadRequest, fail(err.Error()))
			return
		}
	}
	inForce, err := w.Fault(body)
	if err != nil {
		writeJSON(rw, http.StatusBadRequest, fail(err.Error()))
		return
	}
	writeJSON(rw, http.StatusOK, map[string]any{"ok": true, "faults": inForce})
}
