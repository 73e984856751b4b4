package binary

import "strings"

// Program is one that is a Go module of its own below lab.
type Program struct {
	Name string // what it is called, in PATH too

	what      string // it is, for people
	takes     string // its first build, for people
	target    string // of the Makefile
	folder    string // of its module, below lab
	pkg       string // its package there
	toolchain string // "auto" for the Go that its module asks for; empty for the one that is there
	stamps    []string
}

// Kubernetes is lab/cluster.
var Kubernetes = Program{
	Name: "rapbot-cluster", what: "Kubernetes " + kubernetesVersion, takes: "eight minutes on two cores", target: "cluster",
	folder: "cluster", pkg: ".", stamps: kubernetesStamps(),
}

// Node is lab/cluster/node: what a node of Kubernetes runs. After Kubernetes it is
// built in a minute.
var Node = Program{
	Name: "rapbot-node", what: "the node of Kubernetes " + kubernetesVersion, takes: "eight minutes on two cores", target: "test-regions",
	folder: "cluster", pkg: "./node", stamps: kubernetesStamps(),
}

// Argo is lab/argocd. Its makers want a newer Go than rapbot does, which the go
// command fetches as it fetches modules.
var Argo = Program{
	Name: "rapbot-argocd", what: "Argo CD " + argoVersion, takes: "six minutes on two cores", target: "argocd",
	folder: "argocd", pkg: ".", toolchain: "auto", stamps: []string{"github.com/argoproj/argo-cd/v3/common.version=" + argoVersion},
}

// kubernetesVersion is what the API server calls itself: charts ask for it. It
// goes with the version of k8s.io/kubernetes in lab/cluster/go.mod, and
// argoVersion with that in lab/argocd/go.mod.
const (
	kubernetesVersion = "1.37.2"
	argoVersion       = "3.6.1"
)

func kubernetesStamps() []string {
	number := strings.Split(kubernetesVersion, ".")
	var stamps []string
	for _, stamp := range []string{
		"gitVersion=v" + kubernetesVersion, "gitMajor=" + number[0], "gitMinor=" + number[1],
		"gitTreeState=clean", "buildDate=2026-01-01T00:00:00Z",
	} {
		stamps = append(stamps, "k8s.io/component-base/version."+stamp)
	}
	return stamps
}

// arguments are go's. Another set of flags compiles everything again.
func (p Program) arguments(out string) []string {
	var stamps []string
	for _, stamp := range p.stamps {
		stamps = append(stamps, "-X "+stamp)
	}
	return []string{"build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w " + strings.Join(stamps, " "), "-o", out, p.pkg}
}
