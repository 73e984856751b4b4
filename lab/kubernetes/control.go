package kubernetes

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The addresses of services are not served: nothing routes them.
const serviceRange = "10.96.0.0/16"

// serviceAddress is that of the API server itself.
var serviceAddress = net.IPv4(10, 96, 0, 1)

// controllers are those that the regions need. Without node-lifecycle-controller a
// new node keeps its taint and nothing is scheduled.
var controllers = []string{
	"deployment", "replicaset", "statefulset", "daemonset", "job", "cronjob", "disruption", "namespace",
	"garbage-collector-controller", "pod-garbage-collector-controller", "ttl-after-finished-controller",
	"node-lifecycle-controller", "taint-eviction-controller", "clusterrole-aggregation-controller",
	"root-ca-certificate-publisher-controller", "serviceaccount-controller", "serviceaccount-token-controller",
	"persistentvolume-binder-controller", "persistentvolume-protection-controller", "persistentvolumeclaim-protection-controller",
}

func (r *Region) start(ctx context.Context) error {
	if err := r.startStore(ctx); err != nil {
		return err
	}
	if err := r.startServer(ctx); err != nil {
		return err
	}
	if err := r.startControllers(); err != nil {
		return err
	}
	if err := r.startVolumes(ctx); err != nil {
		return err
	}
	if err := r.startFakes(ctx); err != nil {
		return err
	}
	if err := r.startNode(ctx); err != nil {
		return err
	}
	if err := r.gate.open(true); err != nil {
		return err
	}
	return r.await(ctx, "the service account of the namespace default is not made", func(ctx context.Context) bool {
		return r.hasServiceAccount(ctx, "default")
	})
}

func (r *Region) startStore(ctx context.Context) error {
	url := "http://" + r.etcd.Addr()
	err := r.launch("etcd", "--name=lab", "--data-dir="+r.path("etcd"),
		"--listen-client-urls="+url, "--advertise-client-urls="+url, "--listen-peer-urls=http://127.0.0.1:0",
		"--unsafe-no-fsync", "--log-level=warn") // what it holds need not survive a power cut of this machine
	if err != nil {
		return err
	}
	return r.await(ctx, "etcd does not get ready", func(ctx context.Context) bool {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/health", nil)
		if err != nil {
			return false
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

func (r *Region) startServer(ctx context.Context) error {
	pki := func(name string) string { return r.path("pki", name) }
	err := r.launch("kube-apiserver",
		"--etcd-servers=http://"+r.etcd.Addr(), "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", r.api.Port),
		"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none", // an endpoint on loopback is refused
		"--service-cluster-ip-range="+serviceRange, "--authorization-mode=Node,RBAC", "--allow-privileged=true", "--profiling=false",
		"--tls-cert-file="+pki("server.crt"), "--tls-private-key-file="+pki("server.key"), "--client-ca-file="+pki("ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file="+pki("tokens.key"), "--service-account-signing-key-file="+pki("tokens.key"),
		"--kubelet-certificate-authority="+pki("ca.crt"), "--kubelet-client-certificate="+pki("kubelets.crt"),
		"--kubelet-client-key="+pki("kubelets.key"), "--kubelet-preferred-address-types=InternalIP",
	)
	if err != nil {
		return err
	}
	return r.await(ctx, "the API server does not get ready", func(ctx context.Context) bool {
		return r.Client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil
	})
}

func (r *Region) startControllers() error {
	same := []string{"--kubeconfig=" + r.own(), "--leader-elect=false", "--secure-port=0", "--profiling=false", "--kube-api-qps=200", "--kube-api-burst=400"}
	err := r.launch("kube-controller-manager", append(same, "--controllers="+r.controllers(),
		"--service-account-private-key-file="+r.path("pki", "tokens.key"), "--root-ca-file="+r.path("pki", "ca.crt"))...)
	if err != nil {
		return err
	}
	return r.launch("kube-scheduler", same...)
}

func (r *Region) hasServiceAccount(ctx context.Context, namespace string) bool {
	_, err := r.Client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
	return err == nil
}

// controllers are those of the region. The addresses of pods that are processes are on loopback, where no endpoint may be.
func (r *Region) controllers() string {
	all := strings.Join(controllers, ",")
	if r.Node == nil {
		all += ",endpointslice"
	}
	return all
}

// startNode starts the node that runs pods as processes, if there is to be one.
func (r *Region) startNode(ctx context.Context) error {
	if r.Node == nil {
		return nil
	}
	if err := r.Node.Start(ctx); err != nil {
		return err
	}
	return r.await(ctx, "the node does not get ready", func(ctx context.Context) bool {
		return r.readyNodes(ctx) > r.lab.opt.FakeNodes
	})
}

// own is the kubeconfig of the region's own programs.
func (r *Region) own() string { return r.path("pki", "kubeconfig") }
