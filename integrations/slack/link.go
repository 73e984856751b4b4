package slack

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"path"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	sdk "github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"
	"go.uber.org/zap"
)

const (
	ackTime    = 2 * time.Second // of Slack's three
	ackQueue   = 64
	frameMax   = 4 << 20
	handshake  = 10 * time.Second
	ackedFrame = 32 << 10 // a larger acknowledgement would go out in pieces, which Slack drops
)

var (
	errLinkOver = errors.New("the link was lost")
	errAcks     = errors.New("acknowledgements do not go out")
)

// link is one Socket Mode connection at a time. slack-go would reconnect by
// itself, without a limit and with pauses of up to five minutes; a link lets
// it connect once, and starts afresh through the gate when that is over.
type link struct {
	a   *Adapter
	log *zap.Logger
}

// run keeps a link until ctx ends or Slack refuses the token for good.
func (l *link) run(ctx context.Context) error {
	for {
		if l.a.gate.enter(ctx) != nil {
			return nil // ctx has ended
		}
		lived, err := l.live(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if final := fatal("app-level token", err); final != nil {
			return final
		}
		pause := l.a.gate.lost(lived, err)
		l.a.health.failed(err)
		l.log.Info("link lost", zap.Duration("lived", lived), zap.Duration("pause", pause), zap.Error(scrub(err)))
	}
}

// live opens a link and reads it until it is lost; it returns for how long the
// link was up, and why it ended. Nothing in its loop waits for anything but
// the socket: slack-go never connects again once its events are not taken.
func (l *link) live(ctx context.Context) (lived time.Duration, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	client := l.client()
	ended := make(chan error, 1)
	go func() { ended <- client.RunContext(ctx) }()

	acks := make(chan socketmode.Event, ackQueue)
	acked := make(chan struct{})
	go func() { defer close(acked); l.acknowledge(ctx, client, acks) }()
	defer func() { cancel(nil); close(acks); <-acked }()

	var proven <-chan time.Time
	var up time.Time
	defer func() {
		if !up.IsZero() {
			lived = time.Since(up)
			l.a.health.down()
		}
	}()
	for {
		select {
		case err := <-ended:
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return 0, err
		case <-proven:
			l.a.gate.lasted()
		case e := <-client.Events:
			switch e.Type {
			case socketmode.EventTypeHello:
				if up.IsZero() {
					l.a.health.up()
					l.log.Info("link up")
				}
				up, proven = time.Now(), time.After(steady)
			case socketmode.EventTypeConnecting:
				if again(e) {
					cancel(errLinkOver)
				}
			case socketmode.EventTypeConnectionError:
				cancel(causeOf(e))
			case socketmode.EventTypeErrorWriteFailed:
				l.a.counts.unacknowledged.Add(1)
				l.log.Warn("an acknowledgement was not sent")
			case socketmode.EventTypeSlashCommand, socketmode.EventTypeInteractive, socketmode.EventTypeEventsAPI, socketmode.EventTypeErrorBadMessage:
				l.a.health.heard()
				select {
				case acks <- e:
				default:
					cancel(errAcks) // what cannot be acknowledged must not be worked on
				}
			}
		}
	}
}

// acknowledge tells Slack of each event in time, then hands it to the desk,
// which does not wait either. What is no event of ours ends here.
func (l *link) acknowledge(ctx context.Context, client *socketmode.Client, acks <-chan socketmode.Event) {
	for e := range acks {
		id := envelopeOf(e)
		if id == "" {
			l.log.Debug("frame without an envelope")
			continue
		}
		deadline, cancel := context.WithTimeout(ctx, ackTime)
		err := client.AckCtx(deadline, id, nil)
		cancel()
		if err != nil {
			l.a.counts.unacknowledged.Add(1)
			l.log.Warn("acknowledge", zap.String("envelope", id), zap.Error(scrub(err)))
			continue
		}
		if event, is := l.a.read(e); is {
			l.a.desk.offer(l.a.life, event)
		}
	}
}

// client is a fresh Socket Mode client, good for one connection. Debugging
// stays off: it makes Slack close the link every six minutes.
func (l *link) client() *socketmode.Client {
	nowhere := log.New(io.Discard, "", 0)
	opener := *l.a.http
	opener.Transport = &oneOpening{next: transportOf(opener.Transport)}
	api := sdk.New(l.a.cfg.BotToken, sdk.OptionAppLevelToken(l.a.cfg.AppToken), sdk.OptionAPIURL(l.a.cfg.APIURL),
		sdk.OptionHTTPClient(&opener), sdk.OptionLog(nowhere))
	return socketmode.New(api, socketmode.OptionLog(nowhere), socketmode.OptionReadLimit(frameMax),
		socketmode.OptionDialer(&websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: handshake, WriteBufferSize: ackedFrame}))
}

// oneOpening lets one apps.connections.open pass. A link that is lost is asked
// to end, but slack-go may be at its next opening before it hears of that.
type oneOpening struct {
	next http.RoundTripper
	used atomic.Bool
}

func (o *oneOpening) RoundTrip(r *http.Request) (*http.Response, error) {
	if path.Base(r.URL.Path) == "apps.connections.open" && o.used.Swap(true) {
		if r.Body != nil {
			_ = r.Body.Close() // a round tripper must
		}
		return nil, errLinkOver
	}
	return o.next.RoundTrip(r)
}

func transportOf(t http.RoundTripper) http.RoundTripper {
	if t == nil {
		return http.DefaultTransport
	}
	return t
}

// again reports whether slack-go is about to connect for the second time.
func again(e socketmode.Event) bool {
	c, is := e.Data.(*sdk.ConnectingEvent)
	return is && (c.ConnectionCount > 0 || c.Attempt > 1)
}

func causeOf(e socketmode.Event) error {
	if c, is := e.Data.(*sdk.ConnectionErrorEvent); is && c.ErrorObj != nil {
		return c.ErrorObj
	}
	return errLinkOver
}

// envelopeOf is what an acknowledgement names. A frame that slack-go cannot
// read comes as its bytes; unless it is acknowledged, Slack sends it again.
func envelopeOf(e socketmode.Event) string {
	if e.Request != nil {
		return e.Request.EnvelopeID
	}
	bad, is := e.Data.(*socketmode.ErrorBadMessage)
	if !is {
		return ""
	}
	var frame struct {
		ID string `json:"envelope_id"`
	}
	if json.Unmarshal(bad.Message, &frame) != nil {
		return ""
	}
	return bound(line(frame.ID), nameMax)
}
