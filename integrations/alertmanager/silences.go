package alertmanager

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/alert"
)

// SilencesOptions say where Alertmanager's API is and how to be let in.
type SilencesOptions struct {
	URLs               []string // of the members of one cluster; the first that answers is asked
	Token              string   // bearer token; or
	Username, Password string   // basic authentication
	Timeout            time.Duration
	Client             *http.Client // nil for one of its own
}

// Silences speaks version 2 of Alertmanager's API.
type Silences struct {
	bases              []*url.URL
	token              string
	username, password string
	timeout            time.Duration
	client             *http.Client
}

// silenceTimeout is how long one member is waited for; a dead one must not keep
// the next from being asked while somebody waits.
const silenceTimeout = 5 * time.Second

// maxAnswer bounds what is read of an answer; a thousand silences fit.
const maxAnswer = 8 << 20

// NewSilences makes the adapter. It connects to nothing yet.
func NewSilences(o SilencesOptions) (*Silences, error) {
	if len(o.URLs) == 0 {
		return nil, errors.New("silences: no address of Alertmanager")
	}
	s := &Silences{token: o.Token, username: o.Username, password: o.Password, timeout: cmp.Or(o.Timeout, silenceTimeout)}
	for _, text := range o.URLs {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.User != nil {
			return nil, errors.New("silences: an address of Alertmanager cannot be read") // not shown: it may hold a password
		}
		s.bases = append(s.bases, u)
	}
	c := http.Client{}
	if o.Client != nil {
		c = *o.Client
	}
	// Credentials are not carried on to where a redirect points.
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.client = &c
	return s, nil
}

// Create implements alert.Silences.
func (s *Silences) Create(ctx context.Context, silence alert.Silence) (string, error) {
	body, err := json.Marshal(wired(silence))
	if err != nil {
		return "", err
	}
	var made struct {
		ID string `json:"silenceID"`
	}
	var said []byte // not read by ask: what it cannot read may have been made all the same
	if err := s.ask(ctx, http.MethodPost, "silences", body, &said); err != nil {
		return "", err
	}
	if err := json.Unmarshal(said, &made); err != nil || !silenceID.MatchString(made.ID) {
		return "", unknowable("Alertmanager's answer to the silence cannot be understood.", err)
	}
	return made.ID, nil
}

// Expire implements alert.Silences. Alertmanager answers the second expiring of
// a silence as if something had broken, so it is looked at first.
func (s *Silences) Expire(ctx context.Context, id string) error {
	now, err := s.ByID(ctx, id)
	if err != nil {
		return err
	}
	if now.State == alert.SilenceExpired {
		return &rapbot.Error{Code: rapbot.Settled, What: "This silence has ended already.", Changed: "Nothing was changed by this.", Now: "See /rap alerts."}
	}
	return s.ask(ctx, http.MethodDelete, "silence/"+url.PathEscape(id), nil, nil)
}

// ByID implements alert.Silences.
func (s *Silences) ByID(ctx context.Context, id string) (alert.Silence, error) {
	if !silenceID.MatchString(id) {
		return alert.Silence{}, noSilence()
	}
	var one wireSilence
	if err := s.ask(ctx, http.MethodGet, "silence/"+id, nil, &one); err != nil {
		return alert.Silence{}, err
	}
	if one.ID != id {
		return alert.Silence{}, garbled(errors.New("another silence than the one asked for"))
	}
	return one.silence(), nil
}

// List implements alert.Silences.
func (s *Silences) List(ctx context.Context) ([]alert.Silence, error) {
	var all []wireSilence
	if err := s.ask(ctx, http.MethodGet, "silences", nil, &all); err != nil {
		return nil, err
	}
	var out []alert.Silence
	for _, one := range all {
		if silence := one.silence(); silence.State != alert.SilenceExpired {
			out = append(out, silence)
		}
	}
	slices.SortStableFunc(out, func(a, b alert.Silence) int {
		return cmp.Or(a.EndsAt.Compare(b.EndsAt), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

// Firing implements alert.Silences. Alertmanager leaves out what has resolved.
func (s *Silences) Firing(ctx context.Context) ([]map[string]string, error) {
	var all []struct {
		Labels map[string]string `json:"labels"`
	}
	if err := s.ask(ctx, http.MethodGet, "alerts", nil, &all); err != nil {
		return nil, err
	}
	out := make([]map[string]string, 0, len(all))
	for _, a := range all {
		out = append(out, a.Labels)
	}
	return out, nil
}

// ask asks one member after the other until one answers. What was sent and not
// answered may have been done: a silence is then not asked of the next member
// as well, since the members tell each other and there would be two.
func (s *Silences) ask(ctx context.Context, method, path string, body []byte, into any) error {
	var last error
	for _, base := range s.bases {
		a := s.once(ctx, method, base.JoinPath("api/v2", path).String(), body)
		switch {
		case a.err == nil && a.status < 500:
			return a.judge(path, into)
		case a.maybe && method == http.MethodPost:
			return unknowable("Alertmanager did not answer in time.", a.err)
		case a.maybe && method == http.MethodDelete:
			last = &rapbot.Error{Code: rapbot.Unavailable, What: "Alertmanager did not answer in time.", Changed: "The silence may have ended.", Now: "Look at /rap alerts.", Err: a.err}
		case a.err != nil:
			last = unavailable("Alertmanager gives no answer.", a.err)
		default:
			last = unavailable(fmt.Sprintf("Alertmanager answers %d%s.", a.status, a.words()), nil)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return last
}

// answer is what one member said, or why it said nothing.
type answer struct {
	status int
	body   []byte
	err    error
	maybe  bool // without an answer of its own, and it may have done what was asked
}

func (s *Silences) once(ctx context.Context, method, address string, body []byte) answer {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { sent.Store(true) }})
	request, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return answer{err: err}
	}
	request.Header.Set("Accept", "application/json")
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	switch {
	case s.token != "":
		request.Header.Set("Authorization", "Bearer "+s.token)
	case s.username != "":
		request.SetBasicAuth(s.username, s.password)
	}
	response, err := s.client.Do(request)
	if err != nil {
		return answer{err: scrubbed(err), maybe: sent.Load()}
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	// These two are said by something that stands before Alertmanager.
	between := response.StatusCode == http.StatusBadGateway || response.StatusCode == http.StatusGatewayTimeout
	return answer{status: response.StatusCode, body: said, err: err, maybe: err != nil || between}
}

// scrubbed leaves the address out of an error of net/http, which may be a
// private one.
func scrubbed(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return fmt.Errorf("%s: %w", strings.ToLower(u.Op), u.Err)
	}
	return err
}

// judge makes of an answer what it means.
func (a answer) judge(path string, into any) error {
	switch {
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		return rapbot.Refuse(rapbot.Forbidden, fmt.Sprintf("Alertmanager does not let rapbot in (%d).", a.status), "Check the credentials under alertmanager.api in the configuration.")
	case strings.HasPrefix(path, "silence/") && (a.status == http.StatusNotFound || a.status == http.StatusUnprocessableEntity):
		return noSilence() // 422 is for an ID that is no UUID
	case a.status == http.StatusNotFound:
		return &rapbot.Error{Code: rapbot.Unavailable, What: "What answers there does not know Alertmanager's API (404).", Changed: "Nothing was changed.", Now: "Check alertmanager.api.urls in the configuration."}
	case a.status == http.StatusBadRequest || a.status == http.StatusUnprocessableEntity:
		return rapbot.Refuse(rapbot.Invalid, "Alertmanager does not take this silence"+a.words()+".", "Mend it and ask again.")
	case a.status != http.StatusOK:
		return unavailable(fmt.Sprintf("Alertmanager answers %d%s.", a.status, a.words()), nil)
	case into == nil:
		return nil
	}
	if raw, is := into.(*[]byte); is {
		*raw = a.body
		return nil
	}
	if err := json.Unmarshal(a.body, into); err != nil {
		return garbled(err)
	}
	return nil
}

// words are what was answered, a few of them and on one line.
func (a answer) words() string {
	words := oneLine(strings.ToValidUTF8(string(a.body), ""), 160)
	var text string
	var object struct {
		Message string `json:"message"`
	}
	switch { // it puts its own sentences in quotation marks, and those about its schema in an object
	case json.Unmarshal(a.body, &text) == nil:
		words = oneLine(text, 160)
	case json.Unmarshal(a.body, &object) == nil && object.Message != "":
		words = oneLine(object.Message, 160)
	}
	if words == "" {
		return ""
	}
	return ": " + strings.TrimSuffix(words, ".")
}

func noSilence() error {
	return rapbot.Refuse(rapbot.NotFound, "Alertmanager knows no such silence.", "See /rap alerts.")
}

func unavailable(what string, cause error) error {
	return &rapbot.Error{Code: rapbot.Unavailable, What: what, Changed: "Nothing was changed.", Now: "Try again in a moment, or use Alertmanager's own page.", Err: cause}
}

func garbled(cause error) error {
	return unavailable("I cannot make sense of what answers at Alertmanager's address.", cause)
}

// unknowable is for a silence that may have been made.
func unknowable(what string, cause error) error {
	return &rapbot.Error{Code: rapbot.Unavailable, What: what, Changed: "The silence may have been made.", Now: "Look at /rap alerts before you ask again.", Err: cause}
}
