// Command node is what a Kubernetes node runs beside containerd, in one program: the kubelet and kube-proxy. It is told which of them to be by the name it
// is called by, or by its first argument.
//
// It is apart from the control plane, since only the lab of real nodes needs it, and in the same module, so that one cache of compiled packages serves both.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

func main() {
	name := filepath.Base(os.Args[0])
	if len(os.Args) > 1 && name != "kubelet" && name != "kube-proxy" {
		os.Args = os.Args[1:]
		name = os.Args[0]
	}
	switch name {
	case "kubelet":
		os.Exit(cli.Run(kubelet.NewKubeletCommand(context.Background())))
	case "kube-proxy":
		os.Exit(cli.Run(proxy.NewProxyCommand()))
	}
	fmt.Fprintln(os.Stderr, "the first argument, or the name of the program, is kubelet or kube-proxy")
	os.Exit(2)
}
