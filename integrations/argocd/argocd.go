package argocd

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	client "k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
)

// Config says where Argo CD is and what it keeps.
type Config struct {
	Where          string       // what people call its cluster: us-east-1
	Rest           *rest.Config // how that cluster's API server is reached
	Context        string       // what kubectl calls it, for the commands that people are shown; empty: they name none
	Namespace      string       // argocd when empty
	ApplicationSet string       // rap-analyzer when empty
	Regions        []Region

	// Manifest is the ApplicationSet that is made where there is none, as YAML; nil
	// when rapbot is not to make one.
	Manifest []byte

	Timeout time.Duration // of a call; 15 s when 0
	Now     func() time.Time
}

// Region is one that Argo CD keeps.
type Region struct {
	Name        string
	Application string // rap-analyzer-<region> when empty
}

// Argo is the application's releases in the regions that Argo CD keeps.
type Argo struct {
	cfg       Config
	dynamic   dynamic.Interface
	discovery discovery.DiscoveryInterface
	typed     client.Interface
	manifest  *unstructured.Unstructured // nil without one
}

var (
	_ rapbot.Releases = (*Argo)(nil)
	_ rapbot.Keeper   = (*Argo)(nil)
)

// New connects to nothing yet. The error names every fault of the configuration.
func New(cfg Config) (*Argo, error) {
	cfg.Namespace = cmp.Or(cfg.Namespace, "argocd")
	cfg.ApplicationSet = cmp.Or(cfg.ApplicationSet, "rap-analyzer")
	cfg.Timeout = cmp.Or(cfg.Timeout, 15*time.Second)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rest == nil {
		return nil, errors.New("argocd: no credentials for its cluster")
	}
	cfg.Regions = slices.Clone(cfg.Regions)
	var faults []error
	for i, r := range cfg.Regions {
		cfg.Regions[i].Application = cmp.Or(r.Application, "rap-analyzer-"+r.Name)
		if wrong := validation.IsQualifiedName(historyKey(r.Name)); len(wrong) > 0 {
			faults = append(faults, fmt.Errorf("argocd: %q cannot be part of an annotation", r.Name))
		}
	}
	for what, name := range map[string]string{"namespace": cfg.Namespace, "application_set": cfg.ApplicationSet} {
		if wrong := validation.IsDNS1123Subdomain(name); len(wrong) > 0 {
			faults = append(faults, fmt.Errorf("argocd: %s: %q is no name that a cluster knows", what, name))
		}
	}
	a := &Argo{cfg: cfg}
	var err error
	if cfg.Manifest != nil {
		if a.manifest, err = cfg.parseManifest(); err != nil {
			faults = append(faults, err)
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return a, a.connect()
}

func (a *Argo) connect() (err error) {
	c := rest.CopyConfig(a.cfg.Rest)
	c.UserAgent, c.Timeout = "rapbot", 0
	c.WarningHandler, c.WarningHandlerWithContext = rest.NoWarnings{}, nil
	if a.dynamic, err = dynamic.NewForConfig(c); err != nil {
		return err
	}
	if a.typed, err = client.NewForConfig(c); err != nil {
		return err
	}
	a.discovery = a.typed.Discovery()
	return nil
}

// region is one of those that Argo CD keeps. It keeps the application only.
func (a *Argo) region(name string, part rapbot.Part) (Region, error) {
	var known []string
	for _, r := range a.cfg.Regions {
		if r.Name == name && part == rapbot.App {
			return r, nil
		}
		known = append(known, r.Name)
	}
	return Region{}, rapbot.Refuse(rapbot.NotFound, fmt.Sprintf("Argo CD does not keep %.63q in %.63q.", string(part), name), fmt.Sprintf("It keeps the application in %v.", known))
}
