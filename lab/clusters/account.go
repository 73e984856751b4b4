package clusters

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot/lab/install"
	"github.com/rap-analyzer/rapbot/lab/kubernetes"
)

// botSpace is the namespace of rapbot's account, apart from what it operates.
const botSpace = "rapbot"

// rights is the chart of rapbot without rapbot, which runs outside of the
// clusters: the account, and what it may do, with no right to read a Secret.
const rights = "botEnabled: false\nrbac: {namespace: " + Namespace + ", helmHistory: configmaps, argocd: {enabled: %t, create: true}}\n"

// employ gives rapbot its account in every region, and writes the kubeconfig by
// which it comes.
func (f *Fleet) employ(ctx context.Context) error {
	all := f.Lab.Regions()
	for n, r := range all {
		values := filepath.Join(f.dir, "rapbot-rights-"+r.Name+".yaml")
		argo := f.argo != nil && n == len(all)-1
		if err := os.WriteFile(values, fmt.Appendf(nil, rights, argo), 0o644); err != nil {
			return err
		}
		if err := makeNamespace(ctx, r, botSpace); err != nil {
			return err
		}
		if err := install.Chart(ctx, r.Config, botSpace, "rapbot", "rapbot", values); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	return f.WriteKubeconfig(ctx, f.kubeconfig(), botSpace, "rapbot")
}

// kubeconfig leads to all regions as rapbot.
func (f *Fleet) kubeconfig() string { return filepath.Join(f.dir, "kubeconfig") }

func makeNamespace(ctx context.Context, r *kubernetes.Region, name string) error {
	space := &core.Namespace{ObjectMeta: meta.ObjectMeta{Name: name}}
	_, err := r.Client.CoreV1().Namespaces().Create(ctx, space, meta.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
