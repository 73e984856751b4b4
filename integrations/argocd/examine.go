package argocd

import (
	"context"
	"fmt"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/rap-analyzer/rapbot"
)

// right is what rapbot asks of the cluster that Argo CD runs in.
type right struct {
	verb, resource, name string
}

func (a *Argo) rights() []right {
	all := []right{{"get", sets.Resource, a.cfg.ApplicationSet}, {"patch", sets.Resource, a.cfg.ApplicationSet}}
	for _, r := range a.cfg.Regions {
		all = append(all, right{"get", applications.Resource, r.Application})
	}
	if a.manifest != nil {
		all = append(all, right{"create", sets.Resource, ""})
	}
	return all
}

// Examine looks for what a deploy would fail on.
func (a *Argo) Examine(ctx context.Context) []rapbot.Check {
	check := rapbot.Check{Name: "Argo CD in " + a.cfg.Where, Verdict: rapbot.Pass}
	missing, err := within(ctx, a, a.missing)
	if err != nil {
		check.Verdict, check.Detail, check.Fix = rapbot.Fail, a.fault(err), "Look at deploy.argocd, and whether the API server of that cluster runs."
		return []rapbot.Check{check}
	}
	if len(missing) > 0 {
		check.Verdict, check.Detail, check.Fix = rapbot.Fail, "rapbot may not "+strings.Join(missing, ", nor "), "Set rbac.argocd of charts/rapbot there."
		return []rapbot.Check{check}
	}
	s, err := within(ctx, a, a.load)
	switch {
	case err != nil:
		check.Verdict, check.Detail, check.Fix = a.verdict(a.failed(err, "The ApplicationSet "+a.cfg.ApplicationSet, "read"))
		return []rapbot.Check{check}
	case s == nil:
		check.Verdict, check.Detail, check.Fix = a.verdict(a.noSet())
		return []rapbot.Check{check}
	}
	check.Detail = fmt.Sprintf("rapbot may change the ApplicationSet %s, whose elements set %s", s.GetName(), s.known())
	checks := []rapbot.Check{check}
	if s.keys["image.tag"] == "" {
		checks[0].Verdict, checks[0].Fix = rapbot.Fail, "Add {name: image.tag, value: \"{{.version}}\", forceString: true} to its template's parameters."
	}
	if keeper := keptBy(s); keeper != "" {
		checks = append(checks, rapbot.Check{
			Name: check.Name, Verdict: rapbot.Warn, Detail: fmt.Sprintf("the ApplicationSet %s is itself kept as a repository says (%s), which may take back what rapbot changes", s.GetName(), keeper),
			Fix: "Have that Application ignore differences at /spec/generators, or take the ApplicationSet out of it.",
		})
	}
	for _, r := range a.cfg.Regions {
		checks = append(checks, a.examine(ctx, r))
	}
	return checks
}

func (a *Argo) examine(ctx context.Context, r Region) rapbot.Check {
	check := rapbot.Check{Name: "Argo CD's " + r.Application, Verdict: rapbot.Pass}
	switch k, err := a.Keeping(ctx, r.Name, rapbot.App); {
	case err != nil:
		check.Verdict, check.Detail, check.Fix = a.verdict(err)
	case k.Idle, k.Trouble != "", !k.Settled:
		check.Verdict, check.Fix = rapbot.Warn, k.Fix
		check.Detail = strings.TrimSuffix(k.Says+": "+k.Trouble, ": ")
	default:
		check.Detail = k.Says
	}
	return check
}

// verdict makes a check of an error of ours.
func (a *Argo) verdict(err error) (rapbot.Verdict, string, string) {
	verdict, what, now := rapbot.Fail, err.Error(), ""
	if e, is := err.(*rapbot.Error); is { //nolint:errorlint // failed returns its own as they are
		what, now = e.What, e.Now
	}
	if rapbot.ErrorCode(err) == rapbot.NotFound {
		verdict = rapbot.Warn
	}
	return verdict, strings.TrimSuffix(what, "."), now
}

// keptBy names what keeps the ApplicationSet itself; empty when nothing does.
func keptBy(s *set) string {
	for _, note := range []string{"argocd.argoproj.io/tracking-id", "kustomize.toolkit.fluxcd.io/name"} {
		for _, where := range []map[string]string{s.GetAnnotations(), s.GetLabels()} {
			if by := where[note]; by != "" {
				return bounded(note + ": " + by)
			}
		}
	}
	return ""
}

// missing are the rights that rapbot does not have.
func (a *Argo) missing(ctx context.Context) ([]string, error) {
	var out []string
	for _, r := range a.rights() {
		review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: a.cfg.Namespace, Verb: r.verb, Group: version.Group, Resource: r.resource, Name: r.name,
		}}}
		answer, err := a.typed.AuthorizationV1().SelfSubjectAccessReviews().Create(ctx, review, metav1.CreateOptions{})
		if err != nil {
			return nil, err
		}
		if !answer.Status.Allowed {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.verb, r.resource, r.name))+" in "+a.cfg.Namespace)
		}
	}
	return out, nil
}
