package kubernetes

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// Right is what rapbot asks of an API server.
type Right struct {
	Group, Resource string // a resource may have a subresource: statefulsets/scale
	Verbs           []string
	Names           []string // of the objects; empty: whichever they are called
	Namespace       string   // empty: of the whole cluster
	For             string   // what it is needed for
	Optional        bool     // without it rapbot knows less, and does everything
}

// rights is the one table: nothing else is asked of the region's API server by
// this package. What everybody may ask, its version say, is not in it.
func (r *region) rights() []Right {
	n := r.Names
	sets, pods, read := n.sets(), []string{}, []string{"list", "watch"}
	for _, set := range sets {
		pods = append(pods, set+"-0")
	}
	findSet := Right{"apps", "statefulsets", []string{"list", "watch"}, nil, n.Namespace, "to find PostgreSQL's StatefulSet", false}
	if n.StatefulSet != "" {
		findSet = Right{"apps", "statefulsets", []string{"get", "list", "watch"}, sets, n.Namespace, "to see PostgreSQL's StatefulSet", false}
	}
	all := []Right{
		{"", "pods", read, nil, n.Namespace, "to see the pods", false},
		{"apps", "deployments", []string{"get", "list", "watch"}, []string{n.Deployment}, n.Namespace, "to see the application", false},
		findSet,
		{"", "configmaps", read, []string{n.ConfigMap}, n.Namespace, "to see which database the application uses", false},
		{"batch", "cronjobs", read, []string{n.CronJob}, n.Namespace, "to see the backup", false},
		{"batch", "jobs", []string{"get", "list", "watch"}, nil, n.Namespace, "to see the backup, and to follow what is done to the data", false},
		{"policy", "poddisruptionbudgets", read, nil, n.Namespace, "to see what the fleet lacks", false},
		{"networking.k8s.io", "networkpolicies", read, nil, n.Namespace, "to see what the fleet lacks", false},

		{"apps", "deployments", []string{"patch"}, []string{n.Deployment}, n.Namespace, "to restart the application", false},
		{"apps", "deployments/scale", []string{"patch"}, []string{n.Deployment}, n.Namespace, "to stop the writers, and to scale", false},
		{"apps", "statefulsets", []string{"patch"}, sets, n.Namespace, "to restart PostgreSQL", false},
		{"apps", "statefulsets/scale", []string{"patch"}, sets, n.Namespace, "to stop and to start PostgreSQL", false},
		{"", "pods", []string{"delete"}, pods, n.Namespace, "to replace a pod that cannot start", false},

		{"batch", "jobs", []string{"create", "delete"}, nil, n.Namespace, "to read a stopped server's data and to make them anew", false},
		{"", "pods/log", []string{"get"}, nil, n.Namespace, "to read what came of that", false},

		{"", "nodes", []string{"get"}, nil, "", "to see whether the node of PostgreSQL's pod is alive", true},
	}
	for _, namespace := range r.hostedNamespaces() {
		var names []string
		for _, h := range r.hosted {
			names = append(names, h.GitOps.Application)
		}
		all = append(all, Right{applications.Group, applications.Resource, read, nil, namespace, "to see what Argo CD does (" + strings.Join(names, ", ") + ")", true})
	}
	return all
}

// Rights are what a region's API server is asked for. Code NotFound.
func (f *Fleet) Rights(region string) ([]Right, error) {
	r, err := f.of(region)
	if err != nil {
		return nil, err
	}
	return r.rights(), nil
}

// Missing are the rights that rapbot does not have, of all regions, each as a
// line for people. A region that cannot be asked is one of them.
func (f *Fleet) Missing(ctx context.Context) []string {
	found := make([][]string, len(f.regions))
	var all sync.WaitGroup
	for i, r := range f.regions {
		all.Go(func() { found[i] = f.missingIn(ctx, r) })
	}
	all.Wait()
	return slices.Concat(found...)
}

// askedAtOnce is how many rights are asked about at the same time.
const askedAtOnce = 8

func (f *Fleet) missingIn(asker context.Context, r *region) []string {
	wait := patience(asker, 5*f.opt.Timeout)
	ctx, cancel := context.WithTimeout(asker, wait)
	defer cancel()
	// Where there is no Argo CD there is nothing that could be denied.
	argo, err := r.hasArgo(ctx)
	if err != nil {
		return []string{r.Name + ": " + fault(err, wait)}
	}
	var all sync.WaitGroup
	var mu sync.Mutex
	var missing []string
	var trouble error
	places := make(chan struct{}, askedAtOnce)
	for _, right := range r.rights() {
		if right.Group == applications.Group && !argo {
			continue
		}
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			lacking, err := r.lacking(ctx, right)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				trouble = err
			}
			for _, what := range lacking {
				missing = append(missing, r.Name+": "+what)
			}
		})
	}
	all.Wait()
	if trouble != nil {
		return []string{r.Name + ": " + fault(trouble, wait)}
	}
	slices.Sort(missing)
	return missing
}

// lacking asks about every verb and name of a right.
func (r *region) lacking(ctx context.Context, right Right) ([]string, error) {
	resource, sub, _ := strings.Cut(right.Resource, "/")
	names := right.Names
	if len(names) == 0 {
		names = []string{""}
	}
	var out []string
	for _, verb := range right.Verbs {
		for _, name := range names {
			review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
				Namespace: right.Namespace, Verb: verb, Group: right.Group, Resource: resource, Subresource: sub, Name: name,
			}}}
			answer, err := r.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
			if err != nil {
				return nil, err
			}
			if !answer.Status.Allowed {
				out = append(out, right.line(verb, name))
			}
		}
	}
	return out, nil
}

// line is one verb of a right that is missing.
func (right Right) line(verb, name string) string {
	object := strings.TrimSpace(right.Resource + " " + name)
	place := "of the cluster"
	if right.Namespace != "" {
		place = "in " + right.Namespace
	}
	need := "needed"
	if right.Optional {
		need = "optional"
	}
	return fmt.Sprintf("may not %s %s %s (%s %s)", verb, object, place, need, right.For)
}

// RolesOf makes rights into Roles of that name: one for each namespace, and a
// ClusterRole for what is the whole cluster's, nil when nothing is.
func RolesOf(name string, rights []Right) ([]rbacv1.Role, *rbacv1.ClusterRole) {
	var roles []rbacv1.Role
	var cluster *rbacv1.ClusterRole
	for _, right := range rights {
		rule := rbacv1.PolicyRule{APIGroups: []string{right.Group}, Resources: []string{right.Resource}, ResourceNames: right.Names, Verbs: right.Verbs}
		if right.Namespace == "" {
			if cluster == nil {
				cluster = &rbacv1.ClusterRole{TypeMeta: metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole"}, ObjectMeta: metav1.ObjectMeta{Name: name}}
			}
			cluster.Rules = append(cluster.Rules, rule)
			continue
		}
		i := slices.IndexFunc(roles, func(r rbacv1.Role) bool { return r.Namespace == right.Namespace })
		if i < 0 {
			i = len(roles)
			roles = append(roles, rbacv1.Role{
				TypeMeta: metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"}, ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: right.Namespace},
			})
		}
		roles[i].Rules = append(roles[i].Rules, rule)
	}
	return roles, cluster
}

// RolesYAML are the Roles of rights as kubectl apply takes them.
func RolesYAML(name string, rights []Right) (string, error) {
	roles, cluster := RolesOf(name, rights)
	slices.SortFunc(roles, func(a, b rbacv1.Role) int { return cmp.Compare(a.Namespace, b.Namespace) })
	var documents []string
	add := func(o any) error {
		text, err := yaml.Marshal(o)
		documents = append(documents, string(text))
		return err
	}
	for _, role := range roles {
		if err := add(role); err != nil {
			return "", err
		}
	}
	if cluster != nil {
		if err := add(cluster); err != nil {
			return "", err
		}
	}
	return strings.Join(documents, "---\n"), nil
}
