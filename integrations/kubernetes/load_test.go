package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
)

const kubeconfig = `
apiVersion: v1
kind: Config
current-context: us-west-2
clusters: [{name: a, cluster: {server: "https://a.example.com"}}, {name: b, cluster: {server: "https://b.example.com"}}]
users: [{name: u, user: {token: hunter2}}]
contexts: [{name: us-east-1, context: {cluster: a, user: u}}, {name: us-west-2, context: {cluster: b, user: u}}, {name: broken, context: {cluster: c, user: u}}]
`

func TestLoad(t *testing.T) {
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write(kubeconfig)
	for context, host := range map[string]string{"us-east-1": "https://a.example.com", "": "https://b.example.com"} {
		config, err := Load(Access{Kubeconfig: good, Context: context})
		if err != nil || config.Host != host || config.BearerToken != "hunter2" || config.UserAgent != "rapbot" || config.Timeout != 0 {
			t.Errorf("%q: %v, %v", context, config, err)
		}
	}
	for name, test := range map[string]struct {
		access Access
		want   string
	}{
		"no such file":    {Access{Kubeconfig: "/nowhere/config"}, "kubeconfig: there is no such file"},
		"no kubeconfig":   {Access{Kubeconfig: write("hello: [")}, "kubeconfig: "},
		"an empty one":    {Access{Kubeconfig: write("apiVersion: v1\nkind: Config")}, "has no contexts"},
		"no such context": {Access{Kubeconfig: good, Context: "us-east-2"}, `context: there is no "us-east-2" in the kubeconfig; it has broken, us-east-1, us-west-2`},
		"half a context":  {Access{Kubeconfig: good, Context: "broken"}, `context: "broken" cannot be used: `},
		"not in a pod":    {Access{InCluster: true}, "in_cluster: rapbot does not run in a pod"},
		"both":            {Access{InCluster: true, Context: "a"}, "write one or the other"},
	} {
		t.Setenv("KUBERNETES_SERVICE_HOST", "")
		_, err := Load(test.access)
		if text := fmt.Sprint(err); err == nil || !strings.Contains(text, test.want) || strings.Contains(text, "hunter2") || len(text) > 500 {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
}

func TestOpenFindsWhatCannotBe(t *testing.T) {
	reach := &rest.Config{Host: "https://127.0.0.1:1"}
	for name, test := range map[string]struct {
		configs []RegionConfig
		want    string
	}{
		"no credentials":  {[]RegionConfig{{Name: "a"}}, "region a: no credentials"},
		"twice":           {[]RegionConfig{{Name: "a", Rest: reach}, {Name: "a", Rest: reach, Names: Names{Namespace: "b"}}}, "the same name a as a"},
		"one cluster":     {[]RegionConfig{{Name: "a", Rest: reach}, {Name: "b", Rest: reach}}, "region b: the same cluster and namespace"},
		"a namespace":     {[]RegionConfig{{Name: "a", Rest: reach, Names: Names{Namespace: "$(id)"}}}, "namespace: "},
		"a set":           {[]RegionConfig{{Name: "a", Rest: reach, Names: Names{StatefulSet: "A;b"}}}, "stateful_set: "},
		"a selector":      {[]RegionConfig{{Name: "a", Rest: reach, Names: Names{AppSelector: "a=b=c"}}}, "app_selector: "},
		"quotes":          {[]RegionConfig{{Name: "a", Rest: reach, Names: Names{DatabaseSelector: "app in (x, y)"}}}, "database_selector: "},
		"a context":       {[]RegionConfig{{Name: "a", Rest: reach, Context: "a b"}}, "context: "},
		"nobody hosts it": {[]RegionConfig{{Name: "a", Rest: reach, GitOps: GitOps{Region: "b"}}}, "stand in b, which has no cluster"},
	} {
		if _, err := Open(test.configs, Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", name, err, test.want)
		}
	}
	if _, err := Open([]RegionConfig{{Name: "a", Rest: reach, Context: "arn:aws:eks:us-east-1:1234:cluster/a"}, {Name: "b", Rest: reach, Names: Names{Namespace: "b"}, GitOps: GitOps{Region: "a"}}}, Options{}); err != nil {
		t.Error(err)
	}
}
