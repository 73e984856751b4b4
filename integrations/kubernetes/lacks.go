package kubernetes

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/rap-analyzer/rapbot"
)

// leastGrace is how many seconds PostgreSQL must be given to shut down: it
// writes a checkpoint, and waits until its replicas have everything.
const leastGrace = 120

// lacks are what a fleet that was installed by hand has not got, as far as
// Kubernetes shows it.
func (r *region) lacks(o objects) []rapbot.Lack {
	var out []rapbot.Lack
	add := func(fix, what string, args ...any) {
		out = append(out, rapbot.Lack{What: fmt.Sprintf(what, args...), Fix: fix})
	}
	for _, kind := range o.denied {
		add("rapbot doctor", "the right to list %s", kind)
	}
	database, app := r.helmDatabase(), r.helm(r.Names.AppRelease, "rap-analyzer", "values-"+r.Name)
	if set, _ := o.set(); set != nil {
		pod := set.Spec.Template
		if _, _, whose := starter(mainContainer(pod.Spec, databaseContainers...)); whose == "" {
			add(database, "the boot gate: %s starts PostgreSQL without it, so a primary that comes back may become a second one", set.Name)
		}
		if grace := graceOf(pod.Spec); grace < leastGrace {
			patch := fmt.Sprintf(`'{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":%d}}}}'`, leastGrace)
			add(r.kubectl("patch", "statefulset", set.Name, "--patch", patch), "time to shut down: %s gives PostgreSQL %d s and not %d (changing it restarts PostgreSQL)", set.Name, grace, leastGrace)
		}
		r.lacksAround(o, add, "PostgreSQL", set.Name, pod.Labels, r.Names.DatabaseSelector, database)
		r.lacksBackup(o, add, database)
	}
	if d := o.deployment; d != nil {
		r.lacksAround(o, add, "the application", d.Name, d.Spec.Template.Labels, r.Names.AppSelector, app)
	}
	return out
}

func (r *region) lacksAround(o objects, add func(fix, what string, args ...any), whose, name string, of map[string]string, selector, install string) {
	budget, policy := o.mayNot(kindBudgets), o.mayNot(kindPolicies)
	for _, b := range o.budgets {
		budget = budget || selects(b.Spec.Selector, of)
	}
	for _, p := range o.policies {
		policy = policy || selects(&p.Spec.PodSelector, of)
	}
	if !budget {
		add(r.kubectl("create", "poddisruptionbudget", name, "--selector="+selector, "--min-available=1"), "a PodDisruptionBudget for %s", whose)
	}
	if !policy {
		add(install, "a NetworkPolicy for %s", whose)
	}
}

func (r *region) lacksBackup(o objects, add func(fix, what string, args ...any), install string) {
	switch b := o.backup(); {
	case o.mayNot(kindCronJobs):
	case !b.Found:
		add(install, "a backup: there is no CronJob %s", r.Names.CronJob)
	case b.Suspended:
		add(r.kubectl("patch", "cronjob", r.Names.CronJob, "--patch", `'{"spec":{"suspend":false}}'`), "a backup that runs: the CronJob %s is suspended", r.Names.CronJob)
	}
}

// mayNot reports that a kind cannot be seen, so that nothing can be missed.
func (o objects) mayNot(kind string) bool { return slices.Contains(o.denied, kind) }

func graceOf(pod corev1.PodSpec) int64 {
	if pod.TerminationGracePeriodSeconds == nil {
		return corev1.DefaultTerminationGracePeriodSeconds
	}
	return *pod.TerminationGracePeriodSeconds
}

func selects(s *metav1.LabelSelector, of map[string]string) bool {
	selector, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && selector.Matches(labels.Set(of))
}

// kubectl is a command that people can type as it stands.
func (r *region) kubectl(words ...string) string {
	all := []string{"kubectl"}
	if r.Context != "" {
		all = append(all, "--context", r.Context)
	}
	return strings.Join(append(append(all, "--namespace", r.Names.Namespace), words...), " ")
}

// helm is the command that installs a chart over what was installed by hand.
func (r *region) helm(release, chart, values string) string {
	all := []string{"helm", "upgrade", "--install", release, "charts/" + chart}
	if r.Context != "" {
		all = append(all, "--kube-context", r.Context)
	}
	return strings.Join(append(all, "--namespace", r.Names.Namespace, "--values", "charts/multi-region/"+values+".yaml", "--take-ownership"), " ")
}

func (r *region) helmDatabase() string {
	return r.helm(r.Names.DatabaseRelease, "postgresql", "postgresql-"+r.Name)
}
