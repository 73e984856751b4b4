package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// probe runs the container's probes until ctx ends. One that says that the container is to be restarted says so to sick, and which it was.
func (c *container) probe(ctx context.Context, image pulled, sick chan<- string) {
	held := time.Now().Add(image.readyAfter())
	if c.spec.StartupProbe != nil && !c.probeUntil(ctx, c.spec.StartupProbe, "startup probe", sick, func(ok bool) bool { return ok }) {
		return
	}
	c.mark(func() { c.started = true })
	var both sync.WaitGroup
	defer both.Wait()
	if c.spec.LivenessProbe != nil {
		both.Go(func() {
			c.probeUntil(ctx, c.spec.LivenessProbe, "liveness probe", sick, func(bool) bool { return false })
		})
	}
	if sleep(ctx, time.Until(held)) != nil {
		return
	}
	if c.spec.ReadinessProbe == nil {
		c.mark(func() { c.ready = true })
		return
	}
	both.Go(func() {
		c.probeUntil(ctx, c.spec.ReadinessProbe, "readiness probe", nil, func(ok bool) bool {
			c.mark(func() { c.ready = ok })
			return false
		})
	})
}

// mark changes the container's marks, unless it has ended meanwhile.
func (c *container) mark(how func()) {
	c.mu.Lock()
	if c.cage != nil {
		how()
	}
	c.mu.Unlock()
	c.pod.touch()
}

// probeUntil probes until the verdict is told to be enough, which it reports, or ctx ends. With enough failures it says so to sick, if that is
// not nil, and ends.
func (c *container) probeUntil(ctx context.Context, probe *core.Probe, kind string, sick chan<- string, enough func(ok bool) bool) bool {
	if sleep(ctx, time.Duration(probe.InitialDelaySeconds)*time.Second) != nil {
		return false
	}
	successes, failures := int32(0), int32(0)
	for {
		if c.pod.run.pass(ctx) != nil {
			return false
		}
		err := c.try(ctx, probe)
		if ctx.Err() != nil {
			return false
		}
		if err == nil {
			successes, failures = successes+1, 0
			if successes >= max(probe.SuccessThreshold, 1) && enough(true) {
				return true
			}
		} else {
			successes, failures = 0, failures+1
			c.pod.event(core.EventTypeWarning, "Unhealthy", "%s of %s failed: %v", kind, c.spec.Name, err)
			if failures >= max(probe.FailureThreshold, 1) {
				if sick != nil {
					sick <- kind
					return false
				}
				enough(false)
			}
		}
		if sleep(ctx, time.Duration(max(probe.PeriodSeconds, 1))*time.Second) != nil {
			return false
		}
	}
}

func (c *container) try(ctx context.Context, probe *core.Probe) error {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(max(probe.TimeoutSeconds, 1))*time.Second)
	defer cancel()
	switch {
	case probe.Exec != nil:
		return c.beside(ctx, probe.Exec.Command)
	case probe.HTTPGet != nil:
		return c.get(ctx, probe.HTTPGet)
	case probe.TCPSocket != nil:
		return c.connect(ctx, probe.TCPSocket)
	}
	return fmt.Errorf("it is of a kind that this node does not know")
}

// hook runs a hook of the container's life.
func (c *container) hook(ctx context.Context, hook *core.LifecycleHandler) error {
	switch {
	case hook.Exec != nil:
		return c.beside(ctx, hook.Exec.Command)
	case hook.HTTPGet != nil:
		return c.get(ctx, hook.HTTPGet)
	case hook.Sleep != nil:
		return sleep(ctx, time.Duration(hook.Sleep.Seconds)*time.Second)
	}
	return nil
}

// address is where a port of the pod's is reached; host is another one than the pod.
func (c *container) address(host string, port intstr.IntOrString) (string, error) {
	number, ok := c.pod.port(port.StrVal, port.IntVal)
	if !ok {
		return "", fmt.Errorf("the pod has no port %q", port.StrVal)
	}
	if host == "" {
		host = c.pod.address.String()
	}
	return net.JoinHostPort(host, strconv.Itoa(int(number))), nil
}

func (c *container) get(ctx context.Context, get *core.HTTPGetAction) error {
	address, err := c.address(get.Host, get.Port)
	if err != nil {
		return err
	}
	scheme := "http"
	if get.Scheme == core.URISchemeHTTPS {
		scheme = "https"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://"+address+get.Path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "kube-probe")
	for _, header := range get.HTTPHeaders {
		request.Header.Set(header.Name, header.Value)
	}
	answer, err := prober.Do(request)
	if err != nil {
		return err
	}
	_ = answer.Body.Close()
	if answer.StatusCode < 200 || answer.StatusCode >= 400 {
		return fmt.Errorf("HTTP probe failed with statuscode: %d", answer.StatusCode)
	}
	return nil
}

// prober believes any certificate, as a kubelet does, and opens a connection for each look.
var prober = &http.Client{Transport: &http.Transport{
	DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
}}

func (c *container) connect(ctx context.Context, to *core.TCPSocketAction) error {
	address, err := c.address(to.Host, to.Port)
	if err != nil {
		return err
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}
