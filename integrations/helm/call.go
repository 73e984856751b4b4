package helm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
	"helm.sh/helm/v4/pkg/action"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage/driver"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

// call is one call of the port: clients of its own, whose requests end with it.
type call struct {
	*site
	*action.Configuration
	ctx      context.Context
	reserved bool          // the release is this call's to change
	limit    time.Duration // of the whole call
	owner    string
	stale    time.Duration // Config.Abandoned
	until    time.Time     // no request is under way after that
	hide     *manifest.Hider
	lost     *atomic.Bool
}

// read runs what only reads, within Config.Timeout.
func read[T any](ctx context.Context, h *Helm, region string, part rapbot.Part, do func(*call) (T, error)) (T, error) {
	var none T
	s, err := h.site(region, part)
	if err != nil {
		return none, err
	}
	ctx, cancel := context.WithTimeout(ctx, h.cfg.Timeout)
	defer cancel()
	c, err := h.open(ctx, s, h.cfg.Timeout)
	if err != nil {
		return none, err
	}
	return do(c)
}

// open makes the clients of a call. It sends nothing.
func (h *Helm) open(ctx context.Context, s *site, limit time.Duration) (*call, error) {
	given, err := s.cluster()
	if err != nil {
		return nil, &rapbot.Error{
			Code: rapbot.Unavailable, What: fmt.Sprintf("There is no way to the API server of %s: %s.", s.region, sentence(manifest.HideShapes(err.Error()))),
			Changed: "Nothing was changed.", Now: "See that the credentials of the region are in place, then try again.", Err: err,
		}
	}
	c := &call{site: s, ctx: ctx, limit: limit, owner: h.cfg.Owner, stale: h.cfg.Abandoned, hide: &manifest.Hider{}, lost: new(atomic.Bool)}
	c.until, _ = ctx.Deadline()
	for _, secret := range []string{given.BearerToken, given.Password} {
		c.hide.Add(secret)
	}
	cfg := rest.CopyConfig(given)
	cfg.UserAgent, cfg.Timeout = "rapbot", 0
	cfg.QPS, cfg.Burst = 100, 200
	cfg.WarningHandler, cfg.WarningHandlerWithContext = rest.NoWarnings{}, nil
	url, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, c.fault(err, "")
	}
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &transport{ctx: ctx, host: url.Host, hide: c.hide, lost: c.lost, next: next}
	})
	log := &handler{log: h.cfg.Log.With(zap.String("region", s.region), zap.String("release", s.Release)), hide: c.hide.Text}
	c.Configuration = action.NewConfiguration(action.ConfigurationSetLogger(log))
	g, err := newGetter(cfg, s.namespace)
	if err == nil {
		err = c.Init(g, s.namespace, s.driver)
	}
	if err != nil {
		return nil, c.fault(err, "")
	}
	c.Releases.Driver = &marking{Driver: c.Releases.Driver, owner: c.owner, until: c.until}
	return c, nil
}

// history lists the revisions, the newest first. None is no error.
func (c *call) history() ([]*release.Release, error) {
	all, err := c.Releases.History(c.Release)
	if err != nil && !errors.Is(err, driver.ErrReleaseNotFound) {
		return nil, c.fault(err, "")
	}
	var out []*release.Release
	for _, each := range all {
		if r, is := each.(*release.Release); is && r.Info != nil {
			c.learn(r)
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b *release.Release) int { return b.Version - a.Version })
	return out, nil
}

// learn makes the secrets of a revision known, so that no error repeats them.
func (c *call) learn(r *release.Release) {
	if all, err := objects(r); err == nil {
		c.hide.AddSecrets(all)
	}
	c.hide.AddTelling(effective(r))
}

// getter is how Helm asks for clients; what it discovers of a region is kept for
// one call.
type getter struct {
	cfg       *rest.Config
	namespace string
	discovery discovery.CachedDiscoveryInterface
	mapper    meta.RESTMapper
}

func newGetter(cfg *rest.Config, namespace string) (*getter, error) {
	client, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return nil, err
	}
	cached := memory.NewMemCacheClient(client)
	mapper := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(cached), cached, nil)
	return &getter{cfg, namespace, cached, mapper}, nil
}

func (g *getter) ToRESTConfig() (*rest.Config, error)    { return rest.CopyConfig(g.cfg), nil }
func (g *getter) ToRESTMapper() (meta.RESTMapper, error) { return g.mapper, nil }
func (g *getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return g.discovery, nil
}

// ToRawKubeConfigLoader is asked for the namespace.
func (g *getter) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return clientcmd.NewDefaultClientConfig(*clientcmdapi.NewConfig(), &clientcmd.ConfigOverrides{Context: clientcmdapi.Context{Namespace: g.namespace}})
}
