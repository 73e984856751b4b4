package gitops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"github.com/rap-analyzer/rapbot/lab/kubernetes/binary"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// Argo CD's kinds.
var (
	Sets         = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applicationsets"}
	Applications = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "applications"}
	projects     = schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "appprojects"}
	definitions  = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}
)

// equip makes everything that Argo CD expects to find.
func (a *Argo) equip(ctx context.Context) error {
	for _, dir := range []string{"home", "tmp", "conf"} {
		if err := os.MkdirAll(a.path(dir), 0o755); err != nil {
			return err
		}
	}
	config := api.NewConfig()
	home := a.opt.Home.Config
	config.Clusters["home"] = &api.Cluster{Server: home.Host, CertificateAuthorityData: home.CAData}
	config.AuthInfos["home"] = &api.AuthInfo{ClientCertificateData: home.CertData, ClientKeyData: home.KeyData}
	config.Contexts["home"] = &api.Context{Cluster: "home", AuthInfo: "home", Namespace: Namespace}
	config.CurrentContext = "home"
	if err := clientcmd.WriteToFile(*config, a.path("kubeconfig")); err != nil {
		return err
	}
	if err := a.define(ctx); err != nil {
		return err
	}
	if err := a.opt.Home.Namespace(ctx, Namespace); err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	return errors.Join(a.configure(ctx), a.project(ctx), a.register(ctx))
}

// define adds Argo CD's kinds, as its module ships them.
func (a *Argo) define(ctx context.Context) error {
	dir, err := crds(ctx)
	if err != nil {
		return err
	}
	for _, name := range []string{"application-crd.yaml", "applicationset-crd.yaml", "appproject-crd.yaml"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(text, &o.Object); err != nil {
			return err
		}
		if _, err := a.Dynamic.Resource(definitions).Create(ctx, o, meta.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("define %s: %w", o.GetName(), err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return wait.Until(ctx, 50*time.Millisecond, func() bool {
		for _, kind := range []schema.GroupVersionResource{Sets, Applications, projects} {
			if _, err := a.Dynamic.Resource(kind).Namespace(Namespace).List(ctx, meta.ListOptions{}); err != nil {
				return false
			}
		}
		return true
	})
}

// crds is the folder of Argo CD's definitions, in the module that its program was
// built of.
func crds(ctx context.Context) (string, error) {
	sources, err := binary.Argo.Sources(ctx)
	if err != nil {
		return "", err
	}
	said, err := binary.Argo.Go(ctx, sources, "mod", "download", "-json", "github.com/argoproj/argo-cd/v3").Output()
	if err != nil {
		return "", fmt.Errorf("find the definitions of Argo CD: %w", err)
	}
	var where struct{ Dir string }
	if err := json.Unmarshal(said, &where); err != nil {
		return "", err
	}
	return filepath.Join(where.Dir, "manifests", "crds"), nil
}

// configure makes Argo CD's own settings.
func (a *Argo) configure(ctx context.Context) error {
	part := map[string]string{"app.kubernetes.io/part-of": "argocd"}
	var all error
	for name, data := range map[string]map[string]string{
		"argocd-cm":                 {"timeout.reconciliation": "5s", "timeout.reconciliation.jitter": "0s"},
		"argocd-rbac-cm":            nil,
		"argocd-cmd-params-cm":      nil,
		"argocd-gpg-keys-cm":        nil,
		"argocd-ssh-known-hosts-cm": {"ssh_known_hosts": ""},
		"argocd-tls-certs-cm":       nil,
	} {
		c := &core.ConfigMap{ObjectMeta: meta.ObjectMeta{Name: name, Labels: part}, Data: data}
		_, err := a.opt.Home.Client.CoreV1().ConfigMaps(Namespace).Create(ctx, c, meta.CreateOptions{})
		all = errors.Join(all, err)
	}
	s := &core.Secret{ObjectMeta: meta.ObjectMeta{Name: "argocd-secret", Labels: part}, StringData: map[string]string{"server.secretkey": strings.Repeat("lab", 11)}}
	_, err := a.opt.Home.Client.CoreV1().Secrets(Namespace).Create(ctx, s, meta.CreateOptions{})
	return errors.Join(all, err)
}

// project makes the project default, as Argo CD's server would.
func (a *Argo) project(ctx context.Context) error {
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": map[string]any{"name": "default", "namespace": Namespace},
		"spec": map[string]any{
			"sourceRepos": []any{"*"}, "destinations": []any{map[string]any{"server": "*", "namespace": "*"}},
			"clusterResourceWhitelist": []any{map[string]any{"group": "*", "kind": "*"}},
		},
	}}
	_, err := a.Dynamic.Resource(projects).Namespace(Namespace).Create(ctx, o, meta.CreateOptions{})
	return err
}

// register tells it of the clusters, under the regions' names.
func (a *Argo) register(ctx context.Context) error {
	for _, r := range a.opt.Clusters {
		access, err := json.Marshal(map[string]any{"tlsClientConfig": map[string]any{"caData": r.Config.CAData, "certData": r.Config.CertData, "keyData": r.Config.KeyData}})
		if err != nil {
			return err
		}
		s := &core.Secret{
			ObjectMeta: meta.ObjectMeta{Name: "cluster-" + r.Name, Labels: map[string]string{"argocd.argoproj.io/secret-type": "cluster"}},
			StringData: map[string]string{"name": r.Name, "server": r.Config.Host, "config": string(access)},
		}
		if _, err := a.opt.Home.Client.CoreV1().Secrets(Namespace).Create(ctx, s, meta.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}
