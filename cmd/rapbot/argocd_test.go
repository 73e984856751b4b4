package main

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/config"
	"github.com/rap-analyzer/rapbot/integrations/argocd"
	"github.com/rap-analyzer/rapbot/integrations/helm"
)

// The application is changed by whoever keeps it, and the database by Helm.
func TestReleasesGoToWhoKeepsThem(t *testing.T) {
	k := kept{&helm.Helm{}, &argocd.Argo{}, config.ArgoCD{Region: "us-east-1", Regions: []string{"us-west-2"}}}
	for _, test := range []struct {
		region string
		part   rapbot.Part
		want   rapbot.Releases
	}{
		{"us-west-2", rapbot.App, k.argo},
		{"us-west-2", rapbot.Database, k.helm},
		{"eu-west-1", rapbot.App, k.helm},
	} {
		if got := k.of(test.region, test.part); got != test.want {
			t.Errorf("%s of %s goes to %T", test.part, test.region, got)
		}
	}
	k.by.Region = ""
	if got := k.of("us-west-2", rapbot.App); got != k.helm {
		t.Errorf("without Argo CD it goes to %T", got)
	}
}

func TestArgoCDOfAConfiguration(t *testing.T) {
	c := &config.Config{Regions: []config.Region{{Name: "us-east-1", Kubernetes: config.Kubernetes{Context: "east"}}, {Name: "us-west-2", Kubernetes: config.Kubernetes{Context: "west"}}}}
	ways := map[string]*rest.Config{"us-east-1": {Host: "https://127.0.0.1:1"}, "us-west-2": {Host: "https://127.0.0.1:2"}}
	if a, err := openArgo(c, ways); a != nil || err != nil {
		t.Errorf("nothing is kept, and there is %v, %v", a, err)
	}
	if g := gitopsOf(c, "us-west-2"); g.Region != "" {
		t.Errorf("%+v", g)
	}
	c.Deploy.ArgoCD = config.ArgoCD{Region: "us-east-1", Namespace: "gitops", ApplicationSet: "rap", Regions: []string{"us-west-2"}}
	if a, err := openArgo(c, ways); a == nil || err != nil {
		t.Errorf("%v, %v", a, err)
	}
	if g := gitopsOf(c, "us-west-2"); g.Region != "us-east-1" || g.Namespace != "gitops" {
		t.Errorf("%+v", g)
	}
	if g := gitopsOf(c, "us-east-1"); g.Region != "" {
		t.Errorf("Argo CD does not keep us-east-1: %+v", g)
	}
	c.Deploy.ArgoCD.Manifest = filepath.Join(t.TempDir(), "set.yaml")
	if _, err := openArgo(c, ways); err == nil {
		t.Error("a file that is not there is taken")
	}
	if err := os.WriteFile(c.Deploy.ArgoCD.Manifest, []byte("kind: List\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := openArgo(c, ways); err == nil {
		t.Error("a file that holds something else is taken")
	}
}
