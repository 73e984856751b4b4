package main

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"time"
)

// gauge stands in front of rapbot's webhook and measures how long it takes to answer. When rapbot is dead it answers 502, which Alertmanager
// takes as it takes a refused connection: it comes again.
type gauge struct {
	base   string
	server *http.Server

	mu      sync.Mutex
	took    []time.Duration // of the deliveries that were taken
	refused int             // of all others
}

func newGauge(to string) (*gauge, error) {
	target, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	g := &gauge{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 200}
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g.base = "http://" + listener.Addr().String()
	g.server = &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		noted := &noting{ResponseWriter: w, status: http.StatusOK}
		began := time.Now()
		proxy.ServeHTTP(noted, r)
		g.note(noted.status, time.Since(began))
	})}
	go func() { _ = g.server.Serve(listener) }() // ends with close
	return g, nil
}

type noting struct {
	http.ResponseWriter
	status int
}

func (n *noting) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

func (g *gauge) note(status int, took time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if status == http.StatusOK {
		g.took = append(g.took, took)
	} else {
		g.refused++
	}
}

func (g *gauge) close() error { return g.server.Close() }

// read returns how many deliveries were taken, how many tries were not, and the given percentiles.
func (g *gauge) read(percents ...int) (taken, refused int, at []time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	sorted := slices.Sorted(slices.Values(g.took))
	for _, p := range percents {
		var d time.Duration
		if n := len(sorted); n > 0 {
			d = sorted[min(n-1, n*p/100)]
		}
		at = append(at, d)
	}
	return len(sorted), g.refused, at
}
