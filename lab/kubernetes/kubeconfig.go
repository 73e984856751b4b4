package kubernetes

import (
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
