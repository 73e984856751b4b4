package kubernetes

import (
	"context"
	"fmt"

	authentication "k8s.io/api/authentication/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// writeKubeconfig writes a file that leads to regions. The contexts, clusters and
// users are called as the regions are; the first region is the current one.
func writeKubeconfig(path string, regions ...*Region) error {
	config := api.NewConfig()
	for _, r := range regions {
		addKubeconfig(config, r, "https://"+r.outside.Addr())
	}
	config.CurrentContext = regions[0].Name
	return clientcmd.WriteToFile(*config, path)
}

// WriteKubeconfig writes a file that leads to all regions, as Kubeconfig does, as a service account of theirs. Its tokens last as long as a lab does.
func (l *Lab) WriteKubeconfig(ctx context.Context, path, namespace, account string) error {
	config := api.NewConfig()
	for _, r := range l.regions {
		seconds := int64(24 * 60 * 60)
		request := &authentication.TokenRequest{Spec: authentication.TokenRequestSpec{ExpirationSeconds: &seconds}}
		got, err := r.Client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, account, request, meta.CreateOptions{})
		if err != nil {
			return fmt.Errorf("%s: token of %s/%s: %w", r.Name, namespace, account, err)
		}
		addKubeconfig(config, r, "https://"+r.outside.Addr())
		config.AuthInfos[r.Name] = &api.AuthInfo{Token: got.Status.Token}
		config.Contexts[r.Name].Namespace = namespace
	}
	config.CurrentContext = l.regions[0].Name
	return clientcmd.WriteToFile(*config, path)
}

// writeOwnKubeconfig writes the file that a region's own programs use.
func writeOwnKubeconfig(path string, r *Region) error {
	config := api.NewConfig()
	addKubeconfig(config, r, r.Config.Host)
	config.CurrentContext = r.Name
	return clientcmd.WriteToFile(*config, path)
}

func addKubeconfig(config *api.Config, r *Region, url string) {
	config.Clusters[r.Name] = &api.Cluster{Server: url, CertificateAuthorityData: r.Config.CAData}
	config.AuthInfos[r.Name] = &api.AuthInfo{ClientCertificateData: r.Config.CertData, ClientKeyData: r.Config.KeyData}
	config.Contexts[r.Name] = &api.Context{Cluster: r.Name, AuthInfo: r.Name}
}

// adminConfig is how the lab talks to a region's API server. It is not throttled.
func adminConfig(url string, ca *authority, admin pair) *rest.Config {
	return &rest.Config{
		Host: url, QPS: -1,
		TLSClientConfig: rest.TLSClientConfig{CAData: ca.pem, CertData: admin.cert, KeyData: admin.key},
	}
}
