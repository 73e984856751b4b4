package charts

import (
	"maps"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
)

// podsOf are the templates of pods among objects, each with the name of what makes them.
func podsOf(all objects) []corev1.PodTemplateSpec {
	var out []corev1.PodTemplateSpec
	for _, key := range slices.Sorted(maps.Keys(all)) {
		var pod corev1.PodTemplateSpec
		switch o := all[key].(type) {
		case *appsv1.Deployment:
			pod = o.Spec.Template
		case *appsv1.StatefulSet:
			pod = o.Spec.Template
		case *batchv1.CronJob:
			pod = o.Spec.JobTemplate.Spec.Template
		default:
			continue
		}
		pod.Name = key
		out = append(out, pod)
	}
	return out
}

// hangsTogether finds what the API server takes and a cluster stumbles over: a mount of no volume, a ConfigMap that nobody makes, a service
// that selects nothing; and pods that may do more than they need.
func hangsTogether(t *testing.T, all objects) {
	t.Helper()
	for key, object := range all {
		o, err := meta.Accessor(object)
		if err != nil {
			t.Fatal(err)
		}
		if bad := validation.IsDNS1123Subdomain(o.GetName()); bad != nil {
			t.Errorf("%s: name: %v", key, bad)
		}
		goodLabels(t, key, o.GetLabels())
		if strings.Contains(key, "Role") || strings.HasPrefix(key, "ApplicationSet/") {
			continue // rights are given where they are needed
		}
		if o.GetNamespace() != "" {
			t.Errorf("%s names the namespace %s, which is the release's to say", key, o.GetNamespace())
		}
	}
	pods := podsOf(all)
	for _, pod := range pods {
		goodLabels(t, pod.Name, pod.Labels)
		volumesHold(t, all, pod)
		modest(t, pod)
	}
	for key, object := range all {
		service, is := object.(*corev1.Service)
		if is && !slices.ContainsFunc(pods, func(pod corev1.PodTemplateSpec) bool {
			return labels.SelectorFromSet(service.Spec.Selector).Matches(labels.Set(pod.Labels)) && hasPorts(pod, service)
		}) {
			t.Errorf("%s leads nowhere", key)
		}
	}
}

func goodLabels(t *testing.T, key string, all map[string]string) {
	t.Helper()
	for name, value := range all {
		if bad := append(validation.IsQualifiedName(name), validation.IsValidLabelValue(value)...); len(bad) > 0 {
			t.Errorf("%s: label %s=%s: %v", key, name, value, bad)
		}
	}
}

func hasPorts(pod corev1.PodTemplateSpec, service *corev1.Service) bool {
	for _, port := range service.Spec.Ports {
		if !slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool {
			return slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == port.TargetPort.StrVal })
		}) {
			return false
		}
	}
	return true
}

// volumesHold checks that each mount is of a volume, and each ConfigMap of the chart's own is made with the keys that are wanted.
func volumesHold(t *testing.T, all objects, pod corev1.PodTemplateSpec) {
	t.Helper()
	known := map[string]bool{"data": strings.HasPrefix(pod.Name, "StatefulSet/")}
	for _, v := range pod.Spec.Volumes {
		known[v.Name] = true
		if v.ConfigMap == nil {
			continue
		}
		made, is := all["ConfigMap/"+v.ConfigMap.Name].(*corev1.ConfigMap)
		if !is {
			t.Errorf("%s: nobody makes the ConfigMap %s", pod.Name, v.ConfigMap.Name)
			continue
		}
		for _, item := range v.ConfigMap.Items {
			if made.Data[item.Key] == "" {
				t.Errorf("%s: the ConfigMap %s has no %s", pod.Name, v.ConfigMap.Name, item.Key)
			}
		}
	}
	for _, c := range append(slices.Clone(pod.Spec.InitContainers), pod.Spec.Containers...) {
		for _, m := range c.VolumeMounts {
			if !known[m.Name] {
				t.Errorf("%s: %s mounts %s, which is no volume", pod.Name, c.Name, m.Name)
			}
		}
		for _, from := range c.EnvFrom {
			if from.ConfigMapRef != nil && all["ConfigMap/"+from.ConfigMapRef.Name] == nil {
				t.Errorf("%s: nobody makes the ConfigMap %s", pod.Name, from.ConfigMapRef.Name)
			}
		}
	}
}

// modest checks that a pod runs as nobody in particular and can write to nothing but its volumes.
func modest(t *testing.T, pod corev1.PodTemplateSpec) {
	t.Helper()
	security := pod.Spec.SecurityContext
	if security == nil || security.RunAsNonRoot == nil || !*security.RunAsNonRoot || security.SeccompProfile == nil {
		t.Errorf("%s may run as root", pod.Name)
	}
	for _, c := range append(slices.Clone(pod.Spec.InitContainers), pod.Spec.Containers...) {
		s := c.SecurityContext
		if s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation ||
			s.Capabilities == nil || !slices.Contains(s.Capabilities.Drop, "ALL") {
			t.Errorf("%s: %s may do more than it needs", pod.Name, c.Name)
		}
	}
}
