package kubernetes

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rap-analyzer/rapbot"
)

func lackRegion() *region {
	return &region{RegionConfig: RegionConfig{Name: "us-east-1", Context: "us-east-1"}.filled()}
}

// complete is a fleet that lacks nothing.
func complete() objects {
	set, _ := aSet()
	grace := int64(120)
	set.Spec.Template.Labels = map[string]string{"app": "postgresql"}
	set.Spec.Template.Spec.TerminationGracePeriodSeconds = &grace
	set.Spec.Template.Spec.Containers[1].Command = []string{"/bin/sh", "/scripts/boot-gate.sh", "postgres"}
	app := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "rap-analyzer"}, Spec: appsv1.DeploymentSpec{Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "rap-analyzer"}}}}}
	o := objects{deployment: app, sets: []*appsv1.StatefulSet{set}, cronJob: &batchv1.CronJob{}}
	for _, name := range []string{"postgresql", "rap-analyzer"} {
		selector := &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
		o.budgets = append(o.budgets, &policyv1.PodDisruptionBudget{Spec: policyv1.PodDisruptionBudgetSpec{Selector: selector}})
		o.policies = append(o.policies, &networkingv1.NetworkPolicy{Spec: networkingv1.NetworkPolicySpec{PodSelector: *selector}})
	}
	return o
}

const (
	helmDatabase = "helm upgrade --install postgresql-us-east-1 charts/postgresql --kube-context us-east-1 --namespace rap-analyzer --values charts/multi-region/postgresql-us-east-1.yaml --take-ownership"
	kubectlHere  = "kubectl --context us-east-1 --namespace rap-analyzer "
)

func TestLacks(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*objects)
		want   []rapbot.Lack // what is a beginning
	}{
		"nothing": {func(*objects) {}, nil},
		"the chart's entrypoint": {func(o *objects) {
			c := &o.sets[0].Spec.Template.Spec.Containers[1]
			c.Command, c.Env = []string{"/scripts/entrypoint.sh"}, []corev1.EnvVar{{Name: "PG_STATE", Value: "/state"}}
		}, nil},
		"another entrypoint": {func(o *objects) {
			o.sets[0].Spec.Template.Spec.Containers[1].Command = []string{"/usr/local/bin/docker-entrypoint.sh"}
		}, []rapbot.Lack{{What: "the boot gate: postgresql-primary", Fix: helmDatabase}}},
		"an image's own": {func(o *objects) { o.sets[0].Spec.Template.Spec.Containers[1].Command = []string{"/entrypoint.sh"} }, []rapbot.Lack{{What: "the boot gate: postgresql-primary", Fix: helmDatabase}}},
		"little time": {func(o *objects) { o.sets[0].Spec.Template.Spec.TerminationGracePeriodSeconds = nil }, []rapbot.Lack{{
			What: "time to shut down: postgresql-primary gives PostgreSQL 30 s and not 120",
			Fix:  kubectlHere + `patch statefulset postgresql-primary --patch '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":120}}}}'`,
		}}},
		"another's budget": {func(o *objects) { o.budgets = o.budgets[1:] }, []rapbot.Lack{{
			What: "a PodDisruptionBudget for PostgreSQL", Fix: kubectlHere + "create poddisruptionbudget postgresql-primary --selector=app=postgresql --min-available=1",
		}}},
		"no policies": {func(o *objects) { o.policies = nil }, []rapbot.Lack{
			{What: "a NetworkPolicy for PostgreSQL", Fix: helmDatabase},
			{What: "a NetworkPolicy for the application", Fix: "helm upgrade --install rap-analyzer-us-east-1 charts/rap-analyzer"},
		}},
		"a policy for all":  {func(o *objects) { o.policies = []*networkingv1.NetworkPolicy{{}} }, nil},
		"no backup":         {func(o *objects) { o.cronJob = nil }, []rapbot.Lack{{What: "a backup: there is no CronJob postgresql-backup", Fix: helmDatabase}}},
		"a backup at rest":  {func(o *objects) { yes := true; o.cronJob.Spec.Suspend = &yes }, []rapbot.Lack{{What: "a backup that runs", Fix: kubectlHere + `patch cronjob postgresql-backup --patch '{"spec":{"suspend":false}}'`}}},
		"what it may not":   {func(o *objects) { o.denied, o.cronJob, o.budgets = []string{kindCronJobs, kindBudgets}, nil, nil }, []rapbot.Lack{{What: "the right to list cronjobs", Fix: "rapbot doctor"}, {What: "the right to list poddisruptionbudgets", Fix: "rapbot doctor"}}},
		"nothing installed": {func(o *objects) { *o = objects{} }, nil},
	} {
		o := complete()
		test.change(&o)
		got := lackRegion().lacks(o)
		if len(got) != len(test.want) {
			t.Errorf("%s: %+v", name, got)
			continue
		}
		for i, want := range test.want {
			if !strings.HasPrefix(got[i].What, want.What) || !strings.HasPrefix(got[i].Fix, want.Fix) {
				t.Errorf("%s: %+v, want %+v", name, got[i], want)
			}
		}
	}
}

func TestGitOps(t *testing.T) {
	app := func(spec map[string]any) []*unstructured.Unstructured {
		return []*unstructured.Unstructured{{Object: map[string]any{
			"metadata": map[string]any{"name": "rap-analyzer-us-east-1", "namespace": "argocd"}, "spec": spec,
			"status": map[string]any{"sync": map[string]any{"status": "OutOfSync"}, "health": map[string]any{"status": "Healthy"}},
		}}}
	}
	list := func(items ...any) []any { return items }
	type m = map[string]any
	for name, test := range map[string]struct {
		spec m
		want string
	}{
		"a parameter":     {m{"source": m{"targetRevision": "main", "helm": m{"parameters": list(m{"name": "a", "value": "b"}, m{"name": "image.tag", "value": "v2"})}}}, "v2"},
		"values":          {m{"source": m{"targetRevision": "main", "helm": m{"valuesObject": m{"image": m{"tag": "v3"}}}}}, "v3"},
		"a revision":      {m{"source": m{"targetRevision": "v4"}}, "v4"},
		"several sources": {m{"sources": list(m{"targetRevision": "main"}, m{"helm": m{"parameters": list(m{"name": "image.tag", "value": "v5"})}})}, "v5"},
		"nonsense":        {m{"source": m{"helm": "x", "targetRevision": int64(7)}, "sources": "y"}, ""},
	} {
		want := rapbot.GitOps{Application: "rap-analyzer-us-east-1", Sync: "OutOfSync", Health: "Healthy", Version: test.want}
		if got := gitopsOf(app(test.spec), "argocd", "rap-analyzer-us-east-1"); got != want {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := gitopsOf(app(m{}), "elsewhere", "rap-analyzer-us-east-1"); got != (rapbot.GitOps{}) {
		t.Errorf("%+v", got)
	}
}
