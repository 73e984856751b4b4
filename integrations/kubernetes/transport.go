package kubernetes

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	client "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/connrotation"
)

// clients are what reaches one API server. They share their connections, so
// that an answer to one of them shows that the others' watches are alive.
type clients struct {
	client.Interface
	dynamic     dynamic.Interface
	connections *connrotation.ConnectionTracker
}

// newClients connects to nothing.
func newClients(config *rest.Config) (clients, error) {
	config = ours(config)
	tracker := connrotation.NewConnectionTracker()
	dial := config.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 15 * time.Second}).DialContext
	}
	config.Dial = connrotation.NewDialerWithTracker(dial, tracker).DialContext
	http, err := rest.HTTPClientFor(config)
	if err != nil {
		return clients{}, err
	}
	http.Transport = &punctual{next: http.Transport, underway: make(chan struct{}, mostUnderway)}
	typed, err := client.NewForConfigAndClient(config, http)
	if err != nil {
		return clients{}, err
	}
	untyped, err := dynamic.NewForConfigAndClient(config, http)
	if err != nil {
		return clients{}, err
	}
	return clients{typed, untyped, tracker}, nil
}

// hangUp closes the connections. What goes on over one to a server that has
// moved or vanished would be taken for silence for the better part of a minute.
func (c clients) hangUp() { c.connections.CloseAll() }

// has reports whether a cluster knows a group and version, as of a CRD.
func (c clients) has(ctx context.Context, groupVersion string) (bool, error) {
	_, err := discovery.ToDiscoveryInterfaceWithContext(c.Discovery()).ServerResourcesForGroupVersionWithContext(ctx, groupVersion)
	if meta.IsNoMatchError(err) || gone(err) {
		return false, nil
	}
	return err == nil, err
}

// punctual comes back when the context of a request ends, whatever hangs: a
// program that is to fetch credentials knows no deadline.
type punctual struct {
	next     http.RoundTripper
	underway chan struct{} // a place for each request, also for one that nobody waits for any more
}

// mostUnderway bounds the requests that hang on behind the back.
const mostUnderway = 256

var errHangs = errors.New("earlier requests still hang, in a program that fetches credentials perhaps")

func (p *punctual) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case p.underway <- struct{}{}:
	default:
		return nil, errHangs
	}
	type answer struct {
		*http.Response
		error
	}
	done := make(chan answer, 1)
	go func() {
		response, err := p.next.RoundTrip(r)
		<-p.underway
		done <- answer{response, err}
	}()
	select {
	case a := <-done:
		return a.Response, a.error
	case <-r.Context().Done():
		go func() {
			if a := <-done; a.Response != nil {
				_ = a.Body.Close()
			}
		}()
		return nil, r.Context().Err()
	}
}

// WrappedRoundTripper lets client-go find what it wrapped.
func (p *punctual) WrappedRoundTripper() http.RoundTripper { return p.next }
