package kubernetes

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/rap-analyzer/rapbot"
)

// Access says where the credentials for a cluster are.
type Access struct {
	InCluster  bool   // the cluster that rapbot itself runs in, by its ServiceAccount
	Kubeconfig string // a file; empty: $KUBECONFIG, else ~/.kube/config
	Context    string // in the kubeconfig; empty: its current one
}

// Load reads the credentials for a cluster. It asks nobody; the errors say what
// to write, and hold nothing of the files but names.
func Load(a Access) (*rest.Config, error) {
	if a.InCluster {
		if a.Kubeconfig != "" || a.Context != "" {
			return nil, errors.New("in_cluster: a kubeconfig or a context is named as well; write one or the other")
		}
		config, err := rest.InClusterConfig()
		if err != nil {
			return nil, fmt.Errorf("in_cluster: rapbot does not run in a pod with a ServiceAccount's token (%s); name a kubeconfig and a context", innermost(err))
		}
		return ours(config), nil
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = a.Kubeconfig
	raw, err := rules.Load()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %s; name a file that kubectl can use", bounded(innermost(err)))
	}
	name := a.Context
	if name == "" {
		name = raw.CurrentContext
	}
	if len(raw.Contexts) == 0 {
		return nil, fmt.Errorf("kubeconfig: %s has no contexts; name a file that kubectl can use", strings.Join(rules.GetLoadingPrecedence(), ", "))
	}
	if _, has := raw.Contexts[name]; !has {
		return nil, fmt.Errorf("context: there is no %q in the kubeconfig; it has %s", name, strings.Join(slices.Sorted(maps.Keys(raw.Contexts)), ", "))
	}
	config, err := clientcmd.NewNonInteractiveClientConfig(*raw, name, &clientcmd.ConfigOverrides{}, rules).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("context: %q cannot be used: %s", name, bounded(innermost(err)))
	}
	return ours(config), nil
}

// ours is a configuration with rapbot's own pace: the deadlines are in the
// contexts of the calls, and a limit would hold up the very look that is needed.
func ours(config *rest.Config) *rest.Config {
	config = rest.CopyConfig(config)
	config.UserAgent = "rapbot"
	config.QPS = -1
	config.Timeout = 0
	config.WarningHandler = rest.NoWarnings{}
	return config
}

// innermost is the cause of an error, without the paths and addresses around it.
func innermost(err error) string {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	if errors.Is(err, os.ErrNotExist) {
		return "there is no such file"
	}
	return err.Error()
}

// longestText bounds what is repeated of others' words, in bytes.
const longestText = 300

// bounded is foreign text as it may be shown: one line, short, without secrets.
func bounded(text string) string {
	text = strings.Join(strings.Fields(rapbot.HideSecrets(strings.ToValidUTF8(text, ""))), " ")
	if len(text) > longestText {
		text = strings.ToValidUTF8(text[:longestText], "") + "…"
	}
	return text
}
