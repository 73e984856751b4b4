package node

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
)

// server answers what the API server passes on: kubectl logs, exec and port-forward.
type server struct {
	http *http.Server
	port int
}

// idleTime is how long a stream may be silent.
const idleTime = time.Hour

// serve listens on the node's address, for clients of the region's authority only.
func (r *run) serve() error {
	certificate, err := r.node.opt.Serving(net.ParseIP(r.node.Address))
	if err != nil {
		return err
	}
	clients := x509.NewCertPool()
	if !clients.AppendCertsFromPEM(r.node.opt.Clients) {
		return errors.New("the authority of the node's clients is no certificate")
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") })
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", r.serveLogs)
	mux.HandleFunc("/exec/{namespace}/{pod}/{container}", r.serveExec)
	mux.HandleFunc("/exec/{namespace}/{pod}/{uid}/{container}", r.serveExec)
	mux.HandleFunc("/portForward/{namespace}/{pod}", r.servePortForward)
	mux.HandleFunc("/portForward/{namespace}/{pod}/{uid}", r.servePortForward)
	r.server.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
			if r.pass(request.Context()) == nil {
				mux.ServeHTTP(w, request)
			}
		}),
		TLSConfig:   &tls.Config{Certificates: []tls.Certificate{certificate}, ClientCAs: clients, ClientAuth: tls.RequireAndVerifyClientCert},
		ErrorLog:    log.New(io.Discard, "", 0),
		BaseContext: func(net.Listener) context.Context { return r.ctx },
		// Streams are taken over from plain HTTP.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	listener, err := net.Listen("tcp4", net.JoinHostPort(r.node.Address, "0")) // a kubelet's own port may be taken on all addresses
	if err != nil {
		return err
	}
	r.server.port = listener.Addr().(*net.TCPAddr).Port // the network is tcp4
	r.all.Go(func() {
		_ = r.server.http.ServeTLS(listener, "", "") // it ends when it is closed
	})
	r.all.Go(func() {
		<-r.ctx.Done()
		_ = r.server.http.Close()
	})
	return nil
}

// podOf finds the pod that a request is about; it answers when there is none.
func (r *run) podOf(w http.ResponseWriter, request *http.Request) *pod {
	p, err := r.find(request.PathValue("namespace"), request.PathValue("pod"))
	if uid := request.PathValue("uid"); err == nil && uid != "" && uid != string(p.object.UID) {
		err = fmt.Errorf("pod %s with the number %s: %w", p.name(), uid, errNotFound)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return nil
	}
	return p
}

func (r *run) serveExec(w http.ResponseWriter, request *http.Request) {
	p := r.podOf(w, request)
	if p == nil {
		return
	}
	options, err := remotecommand.NewOptions(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	name := request.PathValue("container")
	if c, err := p.container(name); err != nil || c.running() == nil {
		http.Error(w, fmt.Sprintf("container %s of pod %s does not run", name, p.name()), http.StatusInternalServerError)
		return
	}
	remotecommand.ServeExec(w, request, p, p.object.Name, string(p.object.UID), name, request.Form["command"], options,
		idleTime, remotecommand.DefaultStreamCreationTimeout, remotecommand.SupportedStreamingProtocols)
}

func (r *run) servePortForward(w http.ResponseWriter, request *http.Request) {
	p := r.podOf(w, request)
	if p == nil {
		return
	}
	options, err := portforward.NewV4Options(request)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(w, request, p, p.object.Name, string(p.object.UID), options,
		idleTime, remotecommand.DefaultStreamCreationTimeout, portforward.SupportedProtocols)
}
