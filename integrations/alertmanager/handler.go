package alertmanager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// Path is where Alertmanager posts to.
const Path = "/alertmanager"

const (
	defaultMaxBody = 1 << 20
	maxInFlight    = 64              // deliveries that are read and stored at a time
	maxWaiting     = 256             // calls that wait for that
	maxWait        = 5 * time.Second // and for how long
	storeTimeout   = 10 * time.Second
)

// Accepter is the part of alert.Inbox that the webhook needs.
type Accepter interface {
	// Accept stores a delivery durably before it returns.
	Accept(ctx context.Context, d alert.Delivery) (fresh bool, err error)
}

// Options is what the webhook works with. Inbox is needed, and a token, a user
// or a client CA unless Insecure.
type Options struct {
	Tokens       []string // bearer tokens; any one is good, so that they can be rotated
	Users        []BasicAuth
	Certificates *Certificates // with which Server serves; nil for none
	Insecure     bool          // permits to have nothing of these, and then anybody may call
	MaxBody      int64         // longest body that is read; 0 is 1 MiB
	Inbox        Accepter
	Wake         func()           // called after a delivery was stored
	Clock        func() time.Time // nil is the time of this machine
	Log          *zap.Logger
	Registerer   prometheus.Registerer // nil registers no metrics
}

// webhook answers Alertmanager's calls.
type webhook struct {
	Options
	gate     *gate
	outcomes *prometheus.CounterVec
	inFlight chan struct{}
	waiting  chan struct{}
	browsers *http.CrossOriginProtection // a web page must not post for its visitor
}

// NewHandler returns the webhook, which answers POST on Path. A delivery is
// stored before it is answered with a 2xx (R8): a notification that
// Alertmanager believes to be delivered is never sent again.
func NewHandler(o Options) (http.Handler, error) {
	good, err := newGate(o)
	if err != nil {
		return nil, err
	}
	if o.Inbox == nil {
		return nil, errors.New("alertmanager webhook: no inbox to store deliveries in")
	}
	o.Tokens, o.Users = nil, nil // only their digests are kept
	o = o.withDefaults()
	outcomes, err := newOutcomes(o.Registerer)
	if err != nil {
		return nil, err
	}
	h := &webhook{Options: o, gate: good, outcomes: outcomes, inFlight: make(chan struct{}, maxInFlight), waiting: make(chan struct{}, maxWaiting), browsers: http.NewCrossOriginProtection()}
	mux := http.NewServeMux()
	mux.HandleFunc(Path, h.serve)
	return mux, nil
}

func (o Options) withDefaults() Options {
	if o.MaxBody <= 0 {
		o.MaxBody = defaultMaxBody
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	return o
}

// serve lets strangers go before anything of theirs is read or takes a place,
// and answers 503 to everything that may succeed later.
func (h *webhook) serve(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		h.refuse(w, r, badMethod, "Only POST is answered here.")
		return
	}
	if h.browsers.Check(r) != nil {
		h.refuse(w, r, crossOrigin, "Web pages may not post here.")
		return
	}
	if why := h.gate.refuses(r); why != "" {
		h.gate.challenge(w.Header())
		h.refuse(w, r, unauthorized, why)
		return
	}
	if !h.enter(r.Context()) {
		h.refuse(w, r, overloaded, "Too many deliveries at once. Send it again.")
		return
	}
	defer func() { <-h.inFlight }()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.MaxBody))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		h.refuse(w, r, bodyTooLarge, fmt.Sprintf("The body is larger than %s. Set max_alerts in the webhook_config, or raise max_body of rapbot.", rapbot.Bytes(h.MaxBody)))
		return
	}
	if err != nil {
		h.refuse(w, r, unread, "The body broke off. Send it again.")
		return
	}
	d, err := Decode(body, h.Clock())
	if err != nil {
		h.refuse(w, r, undecodable, err.Error())
		return
	}
	h.store(w, r, d)
}

// enter takes a place, which the caller gives back, and waits a little for one:
// after a restart Alertmanager sends everything at once. A call that waits has
// not been read, so that it costs next to nothing.
func (h *webhook) enter(ctx context.Context) bool {
	select {
	case h.inFlight <- struct{}{}:
		return true
	default:
	}
	select {
	case h.waiting <- struct{}{}:
		defer func() { <-h.waiting }()
	default:
		return false
	}
	patience := time.NewTimer(maxWait)
	defer patience.Stop()
	select {
	case h.inFlight <- struct{}{}:
		return true
	case <-patience.C:
	case <-ctx.Done():
	}
	return false
}

// store goes on when the caller hangs up: what has arrived is not dropped.
func (h *webhook) store(w http.ResponseWriter, r *http.Request, d alert.Delivery) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), storeTimeout)
	defer cancel()
	fresh, err := h.Inbox.Accept(ctx, d)
	if err != nil {
		h.Log.Error("store alert delivery", zap.String("receiver", oneLine(d.Receiver, maxLogged)), zap.Error(err))
		h.refuse(w, r, notStored, "The delivery could not be stored. Send it again.")
		return
	}
	h.Wake()
	kind := accepted
	if !fresh {
		kind = repeated
	}
	h.outcomes.WithLabelValues(kind.name).Inc()
	h.Log.Info("alert delivery", zap.String("receiver", oneLine(d.Receiver, maxLogged)), zap.String("group", oneLine(d.GroupKey, maxLogged)),
		zap.String("status", d.Status), zap.Int("alerts", len(d.Alerts)), zap.Bool("fresh", fresh))
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"ok":true,"fresh":%t}`+"\n", fresh)
}

// refuse answers one short sentence, which ends up in Alertmanager's log.
func (h *webhook) refuse(w http.ResponseWriter, r *http.Request, o outcome, sentence string) {
	h.outcomes.WithLabelValues(o.name).Inc()
	h.Log.Warn("alert delivery refused", zap.String("outcome", o.name), zap.Int("answer", o.status), zap.String("from", r.RemoteAddr), zap.String("why", sentence))
	http.Error(w, sentence, o.status)
}
