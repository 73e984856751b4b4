package charts

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// customKinds are the kinds that the API server does not know by itself, with as much of their schema as the charts use.
var customKinds = map[string]func() runtime.Object{
	"ServiceMonitor": func() runtime.Object { return new(serviceMonitor) },
	"ApplicationSet": func() runtime.Object { return new(applicationSet) },
}

// serviceMonitor is that of monitoring.coreos.com/v1.
type serviceMonitor struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		Selector  metav1.LabelSelector `json:"selector"`
		Endpoints []struct {
			Port        string `json:"port"`
			Path        string `json:"path"`
			Interval    string `json:"interval"`
			Relabelings []struct {
				TargetLabel string `json:"targetLabel"`
				Replacement string `json:"replacement"`
			} `json:"relabelings"`
		} `json:"endpoints"`
	} `json:"spec"`
}

func (s *serviceMonitor) DeepCopyObject() runtime.Object { out := *s; return &out }

// applicationSet is that of argoproj.io/v1alpha1.
type applicationSet struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              struct {
		GoTemplate        bool     `json:"goTemplate"`
		GoTemplateOptions []string `json:"goTemplateOptions"`
		Generators        []struct {
			List struct {
				Elements []map[string]string `json:"elements"`
			} `json:"list"`
		} `json:"generators"`
		SyncPolicy struct {
			PreserveResourcesOnDeletion bool `json:"preserveResourcesOnDeletion"`
		} `json:"syncPolicy"`
		Template struct {
			Metadata struct {
				Name        string            `json:"name"`
				Labels      map[string]string `json:"labels"`
				Annotations map[string]string `json:"annotations"`
			} `json:"metadata"`
			Spec application `json:"spec"`
		} `json:"template"`
	} `json:"spec"`
}

// application is the spec of an Application of argoproj.io/v1alpha1.
type application struct {
	Project string `json:"project"`
	Source  struct {
		RepoURL        string `json:"repoURL"`
		TargetRevision string `json:"targetRevision"`
		Path           string `json:"path"`
		Helm           struct {
			ReleaseName string   `json:"releaseName"`
			ValueFiles  []string `json:"valueFiles"`
			Parameters  []struct {
				Name        string `json:"name"`
				Value       string `json:"value"`
				ForceString bool   `json:"forceString"`
			} `json:"parameters"`
		} `json:"helm"`
	} `json:"source"`
	Destination struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"destination"`
	IgnoreDifferences []struct {
		Group        string   `json:"group"`
		Kind         string   `json:"kind"`
		Name         string   `json:"name"`
		JSONPointers []string `json:"jsonPointers"`
	} `json:"ignoreDifferences"`
	SyncPolicy struct {
		Automated struct {
			Prune    bool `json:"prune"`
			SelfHeal bool `json:"selfHeal"`
		} `json:"automated"`
		SyncOptions []string `json:"syncOptions"`
		Retry       struct {
			Limit   int `json:"limit"`
			Backoff struct {
				Duration    string `json:"duration"`
				Factor      int    `json:"factor"`
				MaxDuration string `json:"maxDuration"`
			} `json:"backoff"`
		} `json:"retry"`
	} `json:"syncPolicy"`
}

func (a *applicationSet) DeepCopyObject() runtime.Object { out := *a; return &out }
