package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// patience bounds a request and a connection, so that a database that hangs shows.
const patience = 3 * time.Second

// app is the application, with one connection to its database.
type app struct {
	settings
	writer string // nobody else writes under this name
	table  string // quoted
	noted  *os.File

	conn   *pgx.Conn
	number int64 // of the last row that was sent
	count  int64 // of requests
	ready  atomic.Bool

	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration prometheus.Histogram
}

func newApp(s settings) (*app, error) {
	a := &app{
		settings: s, writer: s.region + "-" + rand.Text()[:12], table: pgx.Identifier(strings.Split(s.table, ".")).Sanitize(), registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rap_analyzer_requests_total", Help: "Requests by the status code that they were answered with.",
		}, []string{"code"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rap_analyzer_request_duration_seconds", Help: "How long requests took.",
		}),
	}
	for _, code := range []int{http.StatusOK, http.StatusInternalServerError, http.StatusServiceUnavailable} {
		a.requests.WithLabelValues(strconv.Itoa(code)) // a counter that appears with its first error hides that one from rates
	}
	a.registry.MustRegister(a.requests, a.duration)
	if s.acknowledged == "" {
		return a, nil
	}
	var err error
	a.noted, err = os.OpenFile(s.acknowledged, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	return a, err
}

func (a *app) close() {
	a.disconnect()
	if a.noted != nil {
		_ = a.noted.Close()
	}
}

func (a *app) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !a.ready.Load() {
			http.Error(w, "the database does not answer", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{}))
	return mux
}

// work makes requests, one after the other, until ctx ends.
func (a *app) work(ctx context.Context) {
	for ctx.Err() == nil {
		began := time.Now()
		// A deadline of its own: the end of the program must not make of an acknowledged row one that nobody knows of.
		own, cancel := context.WithTimeout(context.Background(), patience)
		code, err := a.request(own)
		cancel()
		a.requests.WithLabelValues(strconv.Itoa(code)).Inc()
		a.duration.Observe(time.Since(began).Seconds())
		if err != nil && (a.ready.Load() && code != http.StatusInternalServerError || a.count == brokenOf) {
			fmt.Println("request failed:", err) // told once, until one succeeds
		}
		if code != http.StatusInternalServerError {
			a.ready.Store(err == nil)
		}
		select {
		case <-time.After(a.every):
		case <-ctx.Done():
		}
	}
}

// brokenOf is how many requests there are to one that fails, in a version with errors.
const brokenOf = 5

// errBroken is what a version with errors gives.
var errBroken = errors.New("this version fails in one of five requests")

// request makes one request, and gives the code that it is answered with.
func (a *app) request(ctx context.Context) (int, error) {
	a.count++
	if strings.Contains(a.version, "errors") && a.count%brokenOf == 0 {
		return http.StatusInternalServerError, errBroken
	}
	if err := a.connect(ctx); err != nil {
		return http.StatusServiceUnavailable, err
	}
	var err error
	if a.zone == primaryZone {
		err = a.insert(ctx)
	} else {
		err = a.read(ctx)
	}
	if err != nil {
		a.disconnect()
		return http.StatusServiceUnavailable, err
	}
	return http.StatusOK, nil
}

func (a *app) connect(ctx context.Context) error {
	if a.conn != nil {
		return nil
	}
	config, err := a.config()
	if err != nil {
		return err
	}
	if a.conn, err = pgx.ConnectConfig(ctx, config); err != nil || a.zone != primaryZone {
		return err
	}
	var there bool
	err = a.conn.QueryRow(ctx, "SELECT to_regclass($1) IS NOT NULL", a.table).Scan(&there)
	if err == nil && !there {
		_, err = a.conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+a.table+` (
			writer text, number bigint, region text NOT NULL, at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (writer, number))`)
	}
	if err != nil {
		a.disconnect()
	}
	return err
}

func (a *app) disconnect() {
	if a.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = a.conn.Close(ctx) // it is given up
	a.conn = nil
}

// insert writes the next row. A number is sent once: what became of one without an answer is not known.
func (a *app) insert(ctx context.Context) error {
	a.number++
	if _, err := a.conn.Exec(ctx, "INSERT INTO "+a.table+" (writer, number, region) VALUES ($1, $2, $3)", a.writer, a.number, a.region); err != nil {
		return err
	}
	if a.noted == nil {
		return nil
	}
	_, err := fmt.Fprintln(a.noted, a.writer, a.number, time.Now().UTC().Format(time.RFC3339Nano))
	return err
}

func (a *app) read(ctx context.Context) error {
	var rows int64
	return a.conn.QueryRow(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+a.table+" LIMIT 100) AS newest").Scan(&rows)
}
