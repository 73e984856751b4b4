package helm

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
	"helm.sh/helm/v4/pkg/kube"
	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
)

// Config says what runs where.
type Config struct {
	Regions      []Region
	Timeout      time.Duration // of a call that only reads, previews included; 15 s when 0
	ApplyTimeout time.Duration // of Apply and RollBack; 2 min when 0. A hook may take a third of it
	Abandoned    time.Duration // see the package comment; 15 min when 0, which is longer than helm's own limits
	Owner        string        // the name of the lease that the caller holds, the journal's for example; letters, digits, - _ .
	Log          *zap.Logger   // gets Helm's log at debug level; none when nil
}

// Region is where releases are.
type Region struct {
	Name      string
	Namespace string
	History   string // in what Helm keeps its history: "configmaps", or "secrets", which is the same as ""
	// Cluster gives the way to the region's API server. It is asked at each call,
	// must answer at once, and its answer is copied.
	Cluster func() (*rest.Config, error)
	Parts   map[rapbot.Part]Part
}

// Part is what one release is made of.
type Part struct {
	Release string         // Helm's name of it
	Chart   Source         // a folder, or on the disk also a .tgz
	Base    map[string]any // values beneath those of the files
	Values  []Source       // YAML files, the later over the earlier
}

// Helm is a rapbot.Releases.
type Helm struct {
	cfg   Config
	sites map[key]*site
	grace time.Duration // for what is left to do when the last request of a change has failed
}

var _ rapbot.Releases = (*Helm)(nil)

type key struct {
	region string
	part   rapbot.Part
}

// site is a release in its region.
type site struct {
	key
	Part
	namespace string
	driver    string // Helm's name for Region.History
	cluster   func() (*rest.Config, error)
	busy      chan struct{} // has room for the one that changes it
}

// drivers are Helm's names for what it keeps its history in.
var drivers = map[string]string{"": "secret", "secrets": "secret", "configmaps": "configmap"}

// init makes rapbot the same manager of fields as helm at the prompt. With
// another name, a field that helm by hand had set and a new chart no longer has
// would stay for ever, since its manager still wanted it.
func init() { kube.ManagedFieldsManager = "helm" }

// New connects to nothing yet. The error names every fault of the
// configuration.
func New(cfg Config) (*Helm, error) {
	orElse := func(d *time.Duration, otherwise time.Duration) {
		if *d <= 0 {
			*d = otherwise
		}
	}
	orElse(&cfg.Timeout, 15*time.Second)
	orElse(&cfg.ApplyTimeout, 2*time.Minute)
	orElse(&cfg.Abandoned, 15*time.Minute)
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	h := &Helm{cfg: cfg, sites: map[key]*site{}, grace: 5 * time.Second}
	faults := ownerFault(cfg.Owner)
	for _, r := range cfg.Regions {
		for _, name := range []rapbot.Part{rapbot.App, rapbot.Database} {
			p, has := r.Parts[name]
			if !has {
				continue
			}
			s := &site{key{r.Name, name}, p, r.Namespace, drivers[r.History], r.Cluster, make(chan struct{}, 1)}
			faults = append(faults, s.fault(h.sites[s.key] != nil))
			h.sites[s.key] = s
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return h, nil
}

func (s *site) fault(twice bool) error {
	where := fmt.Sprintf("helm: %s, %s", s.region, s.part)
	switch {
	case twice:
		return fmt.Errorf("%s: configured twice", where)
	case s.Release == "" || s.namespace == "" || s.Chart.Path == "" && s.Chart.FS == nil:
		return fmt.Errorf("%s: needs a release name, a namespace and a chart", where)
	case s.driver == "":
		return fmt.Errorf("%s: keeps its history in secrets or in configmaps", where)
	case s.cluster == nil:
		return fmt.Errorf("%s: has no way to the API server", where)
	}
	return nil
}

func (h *Helm) site(region string, part rapbot.Part) (*site, error) {
	if s := h.sites[key{region, part}]; s != nil {
		return s, nil
	}
	var known []string
	for k := range h.sites {
		known = append(known, k.region+"/"+string(k.part))
	}
	slices.Sort(known)
	return nil, rapbot.Refuse(rapbot.NotFound, fmt.Sprintf("No release of %.63q in %.63q is configured.", string(part), region),
		"Name one of "+strings.Join(known, ", ")+".")
}
