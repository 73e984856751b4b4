// Package install installs rapbot's charts with Helm, as the person does who sets up a cluster before there is a rapbot.
package install

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"helm.sh/helm/v4/pkg/action"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/kube"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"github.com/rap-analyzer/rapbot/charts"
)

// getter leads Helm to a cluster.
type getter struct {
	config    *rest.Config
	namespace string
	discovery discovery.CachedDiscoveryInterface
}

func newGetter(config *rest.Config, namespace string) (*getter, error) {
	client, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	return &getter{config, namespace, memory.NewMemCacheClient(client)}, nil
}

func (g *getter) ToRESTConfig() (*rest.Config, error) { return rest.CopyConfig(g.config), nil }

func (g *getter) ToDiscoveryClient() (discovery.CachedDiscoveryInterface, error) {
	return g.discovery, nil
}

func (g *getter) ToRESTMapper() (meta.RESTMapper, error) {
	return restmapper.NewDeferredDiscoveryRESTMapper(g.discovery), nil
}

func (g *getter) ToRawKubeConfigLoader() clientcmd.ClientConfig {
	return clientcmd.NewDefaultClientConfig(*api.NewConfig(), &clientcmd.ConfigOverrides{Context: api.Context{Namespace: g.namespace}})
}

// Chart installs one of the shipped charts, named by its folder, into a namespace that is there, and waits two minutes at most until its pods are
// ready. Of the files of values a later one goes over the earlier ones.
func Chart(ctx context.Context, config *rest.Config, namespace, chart, release string, files ...string) error {
	g, err := newGetter(config, namespace)
	if err != nil {
		return err
	}
	c := action.NewConfiguration()
	if err := c.Init(g, namespace, "secret"); err != nil {
		return err
	}
	buffered, err := filesOf(chart)
	if err != nil {
		return err
	}
	loaded, err := loader.LoadFiles(buffered)
	if err != nil {
		return err
	}
	values, err := valuesOf(files)
	if err != nil {
		return err
	}
	i := action.NewInstall(c)
	i.ReleaseName, i.Namespace, i.Timeout = release, namespace, 2*time.Minute
	i.WaitStrategy = kube.StatusWatcherStrategy
	if _, err := i.RunWithContext(ctx, loaded, values); err != nil {
		return fmt.Errorf("install %s: %w", release, err)
	}
	return nil
}

func valuesOf(files []string) (map[string]any, error) {
	values := map[string]any{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		more, err := loader.LoadValues(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		values = loader.MergeMaps(values, more)
	}
	return values, nil
}

func filesOf(chart string) (files []*archive.BufferedFile, err error) {
	err = fs.WalkDir(charts.FS, chart, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := charts.FS.ReadFile(path)
		files = append(files, &archive.BufferedFile{Name: strings.TrimPrefix(path, chart+"/"), Data: text})
		return err
	})
	return files, err
}
