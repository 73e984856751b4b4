package alertmanager

import (
	"fmt"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
)

// maxLogged is how much of a value from outside a log line takes.
const maxLogged = 200

// outcome is how a call ended: its name in the metrics and its answer.
type outcome struct {
	name   string
	status int
}

// The outcomes. Alertmanager makes one attempt only when the answer is a 4xx,
// 429 included, so everything that may pass later is a 503.
var (
	accepted     = outcome{"accepted", http.StatusOK}
	repeated     = outcome{"repeated", http.StatusOK}
	badMethod    = outcome{"bad_method", http.StatusMethodNotAllowed}
	crossOrigin  = outcome{"cross_origin", http.StatusForbidden}
	unauthorized = outcome{"unauthorized", http.StatusUnauthorized}
	bodyTooLarge = outcome{"too_large", http.StatusRequestEntityTooLarge}
	undecodable  = outcome{"undecodable", http.StatusBadRequest}
	unread       = outcome{"unread", http.StatusServiceUnavailable}
	overloaded   = outcome{"overloaded", http.StatusServiceUnavailable}
	notStored    = outcome{"not_stored", http.StatusServiceUnavailable}
)

var allOutcomes = []outcome{accepted, repeated, badMethod, crossOrigin, unauthorized, bodyTooLarge, undecodable, unread, overloaded, notStored}

// newOutcomes counts calls by outcome. Every outcome is there from the start,
// so that a rate over the first occurrence is not missed.
func newOutcomes(r prometheus.Registerer) (*prometheus.CounterVec, error) {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "rapbot_alertmanager_deliveries_total",
		Help: "Calls of the Alertmanager webhook by how they ended.",
	}, []string{"outcome"})
	for _, o := range allOutcomes {
		c.WithLabelValues(o.name)
	}
	if r == nil {
		return c, nil
	}
	if err := r.Register(c); err != nil {
		return nil, fmt.Errorf("register webhook metrics: %w", err)
	}
	return c, nil
}
