package prometheus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/rap-analyzer/rapbot"
)

// Config says whom to ask, and what.
type Config struct {
	URL           string
	Token         string // a bearer token; empty for none
	LagQuery      string // seconds, one series a region
	LagBytesQuery string // bytes, one series a region
	ErrorQuery    string // the part of requests that fail; {region} stands for the region
	Regions       []string
	Timeout       time.Duration // for one answer; ten seconds when 0
	Now           func() time.Time
}

func (c Config) now() time.Time {
	if c.Now == nil {
		return time.Now()
	}
	return c.Now()
}

// Lag is a rapbot.LagHistory.
type Lag struct {
	cfg Config
	api v1.API
}

var _ rapbot.LagHistory = (*Lag)(nil)

// New connects to nothing yet.
func New(cfg Config) (*Lag, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = 10 * time.Second
	}
	client, err := api.NewClient(api.Config{Address: cfg.URL, Client: &http.Client{
		Transport:     &transport{token: cfg.Token, next: http.DefaultTransport},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token is for this server
	}})
	if err != nil {
		return nil, errors.New("prometheus.url: not a URL")
	}
	return &Lag{cfg: cfg, api: v1.NewAPI(client)}, nil
}

// Source implements rapbot.LagHistory.
func (l *Lag) Source() string { return "Prometheus" }

// The points that are asked for. Prometheus gives 11,000 of a series at the
// most; a pause below the least only repeats what was scraped.
const (
	mostPoints = 5000
	leastStep  = time.Second
)

const mostSeries = 20

// Lag implements rapbot.LagHistory.
func (l *Lag) Lag(ctx context.Context, from, to time.Time, bytes bool) ([]rapbot.LagSeries, error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	query := l.cfg.LagQuery
	if bytes {
		query = l.cfg.LagBytesQuery
	}
	step := max(leastStep, to.Sub(from)/mostPoints).Round(time.Millisecond)
	value, _, _, err := l.api.QueryRange(ctx, query, v1.Range{Start: from, End: to, Step: step}, v1.WithTimeout(l.cfg.Timeout), v1.WithLimit(mostSeries))
	if err != nil {
		return nil, &rapbot.Error{Code: rapbot.Unavailable, What: "Prometheus " + l.trouble(ctx, err) + ".", Err: err}
	}
	matrix, ok := value.(model.Matrix)
	if !ok {
		return nil, &rapbot.Error{Code: rapbot.Unavailable, What: fmt.Sprintf("Prometheus answered with a %s, and no series over time.", value.Type())}
	}
	return l.series(matrix, to, step)
}

// series are those of known regions.
func (l *Lag) series(matrix model.Matrix, to time.Time, step time.Duration) ([]rapbot.LagSeries, error) {
	var out []rapbot.LagSeries
	for _, stream := range matrix {
		region := string(stream.Metric["region"])
		if !slices.Contains(l.cfg.Regions, region) {
			continue
		}
		if slices.ContainsFunc(out, func(s rapbot.LagSeries) bool { return s.Region == region }) {
			return nil, &rapbot.Error{Code: rapbot.Unavailable, What: "Prometheus answered with several series of " + region + ": the query must return one a region."}
		}
		s := rapbot.LagSeries{Region: region}
		gap := func(at time.Time) {
			if n := len(s.Points); n > 0 && !s.Points[n-1].Gap {
				s.Points = append(s.Points, rapbot.LagPoint{At: at, Gap: true})
			}
		}
		last := time.Time{}
		for _, p := range stream.Values {
			at, value := p.Timestamp.Time().UTC(), float64(p.Value)
			if math.IsNaN(value) || math.IsInf(value, 0) {
				continue // nothing is known; the next one sees that time has passed
			}
			if at.Sub(last) > step+step/2 {
				gap(last.Add(time.Millisecond))
			}
			s.Points = append(s.Points, rapbot.LagPoint{At: at, Value: value})
			last = at
		}
		if to.Sub(last) > step+step/2 {
			gap(last.Add(time.Millisecond))
		}
		if len(s.Points) > 0 {
			out = append(out, s)
		}
	}
	return out, nil
}

// trouble says in a few words why there is no answer. What the server says of a
// query is the operator's to read; it is cut, and is not trusted to be short.
func (l *Lag) trouble(ctx context.Context, err error) string {
	var wrong *v1.Error
	var network net.Error
	switch {
	case ctx.Err() != nil || errors.As(err, &network) && network.Timeout():
		return "gave no answer in " + rapbot.Duration(l.cfg.Timeout)
	case errors.Is(err, errTooLong):
		return "answered with more than " + rapbot.Bytes(maxAnswer)
	case errors.As(err, &wrong) && wrong.Type == v1.ErrBadData:
		return "does not understand the query: " + oneLine(wrong.Msg)
	case errors.As(err, &wrong):
		return "answered with an error: " + oneLine(wrong.Msg)
	case errors.As(err, &network):
		return "cannot be reached"
	}
	return "gave no answer that can be read"
}

func oneLine(s string) string {
	const most = 200
	runes := []rune(strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " "))
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return strings.TrimSuffix(string(runes), ".")
}
