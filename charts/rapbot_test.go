package charts

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/yaml"
)

const (
	botConfig   = "config: {slack: {bot_token: {env: RAPBOT_SLACK_BOT_TOKEN}}}\n"
	everyBot    = botConfig + "existingSecrets: [rapbot]\nsecretFiles: [rapbot-tls]\nkubeconfig: {existingSecret: rapbot-kubeconfig}\nserviceMonitor: {enabled: true}\nserviceAccount: {tokenSecret: true, annotations: {a: b}}\nrbac: {namespace: rap-analyzer, nodes: true, argocd: {enabled: true}}\nimagePullSecrets: [{name: r}]\nnodeSelector: {a: b}\ntolerations: [{operator: Exists}]\naffinity: {nodeAffinity: {}}\npriorityClassName: high\npodAnnotations: {a: b}\npodLabels: {c: d}\nservice: {annotations: {a: b}}\npersistence: {className: fast}\n"
	onlyRights  = "botEnabled: false\n"
	rapbotsRole = "Role/rapbot"
)

func TestRapbotRenders(t *testing.T) {
	for _, values := range []string{botConfig, everyBot, onlyRights, botConfig + "networkPolicy: {enabled: false}\npersistence: {existingClaim: mine}\nrbac: {create: false}\nserviceAccount: {create: false}"} {
		hangsTogether(t, render(t, bot, values))
	}
	var kinds []string
	for key := range render(t, bot, onlyRights) {
		kinds = append(kinds, key)
	}
	slices.Sort(kinds)
	if got := strings.Join(kinds, " "); got != "Role/rapbot RoleBinding/rapbot ServiceAccount/rapbot" {
		t.Errorf("without the bot there are %s", got)
	}
}

// The whole sample of the configuration comes through as it is, over what a pod needs.
func TestRapbotConfig(t *testing.T) {
	sample, err := os.ReadFile("../config/sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	reachable := strings.NewReplacer("listen: 127.0.0.1:9095", "listen: 0.0.0.0:19095", "listen: 127.0.0.1:9096", `listen: ":19096"`, "path: rapbot.db", "path: /elsewhere/rapbot.db").Replace(string(sample))
	var want, got map[string]any
	if err := yaml.Unmarshal([]byte(reachable), &want); err != nil {
		t.Fatal(err)
	}
	all := render(t, bot, "config:\n  "+strings.ReplaceAll(reachable, "\n", "\n  "))
	if err := yaml.Unmarshal([]byte(get[*corev1.ConfigMap](t, all, "ConfigMap/rapbot-config").Data["rapbot.yaml"]), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	ports := get[*appsv1.Deployment](t, all, "Deployment/rapbot").Spec.Template.Spec.Containers[0].Ports
	if ports[0].ContainerPort != 19095 || ports[1].ContainerPort != 19096 {
		t.Errorf("ports %v", ports)
	}
	plain := get[*corev1.ConfigMap](t, render(t, bot, botConfig), "ConfigMap/rapbot-config").Data["rapbot.yaml"]
	for _, want := range []string{"listen: 0.0.0.0:9095", "listen: 0.0.0.0:9096", "path: /var/lib/rapbot/rapbot.db"} {
		if !strings.Contains(plain, want) {
			t.Errorf("there is no %s in\n%s", want, plain)
		}
	}
}

func TestRapbotPod(t *testing.T) {
	all := render(t, bot, everyBot)
	d := get[*appsv1.Deployment](t, all, "Deployment/rapbot")
	if *d.Spec.Replicas != 1 || d.Spec.Strategy.Type != appsv1.RecreateDeploymentStrategyType {
		t.Error("two processes may be at the journal at once")
	}
	c := d.Spec.Template.Spec.Containers[0]
	if c.ReadinessProbe.HTTPGet.Path != "/readyz" || c.LivenessProbe.HTTPGet.Path != "/healthz" || c.ReadinessProbe.HTTPGet.Port.StrVal != "health" {
		t.Error("the probes do not follow the sockets")
	}
	if !get[*corev1.Service](t, all, "Service/rapbot").Spec.PublishNotReadyAddresses {
		t.Error("alerts find nobody while Slack is away")
	}
	if before, after := d.Spec.Template, get[*appsv1.Deployment](t, render(t, bot, everyBot, "config: {log: {level: debug}}"), "Deployment/rapbot").Spec.Template; cmp.Equal(before, after) {
		t.Error("a changed configuration is not read")
	}
	// The image runs as the user that the volumes are given to.
	dockerfile, err := os.ReadFile("../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	if user := regexp.MustCompile(`(?m)^USER (\d+):(\d+)$`).FindStringSubmatch(string(dockerfile)); user == nil || user[1] != "65532" || *d.Spec.Template.Spec.SecurityContext.RunAsUser != 65532 {
		t.Errorf("the image runs as %v", user)
	}
}

// may says whether a role allows something, as the API server decides it.
func may(role *rbacv1.Role, verb, group, resource, name string) bool {
	return slices.ContainsFunc(role.Rules, func(rule rbacv1.PolicyRule) bool {
		return slices.Contains(rule.Verbs, verb) && slices.Contains(rule.APIGroups, group) && slices.Contains(rule.Resources, resource) &&
			(len(rule.ResourceNames) == 0 || slices.Contains(rule.ResourceNames, name))
	})
}

// Whatever the two charts make in a region, rapbot may make and change; the charts' own Secret of passwords is no part of it.
func TestRapbotMayManageTheCharts(t *testing.T) {
	role := get[*rbacv1.Role](t, render(t, bot, onlyRights), rapbotsRole)
	for _, made := range []objects{
		render(t, app, everythingOfApp, "rbac: {create: false}"), render(t, postgresql, everything, existing), render(t, postgresql, asReplica, everything),
	} {
		for key, object := range made {
			kind := object.GetObjectKind().GroupVersionKind()
			plural, _ := meta.UnsafeGuessKindToResource(kind)
			_, name, _ := strings.Cut(key, "/")
			for _, verb := range []string{"get", "list", "watch", "create", "patch"} {
				if !may(role, verb, kind.Group, plural.Resource, name) {
					t.Errorf("it may not %s %s.%s %s", verb, plural.Resource, kind.Group, name)
				}
			}
		}
	}
	for _, c := range [][4]string{
		{"patch", "apps", "deployments/scale", app},
		{"update", "apps", "statefulsets/scale", "postgresql-replica"},
		{"create", "batch", "jobs", ""},
		{"delete", "batch", "jobs", "rewind-1"},
		{"watch", "batch", "jobs", ""},
		{"get", "", "pods/log", "rewind-1-x"},
		{"list", "", "pods", ""},
		{"list", "", "secrets", ""},
		{"create", "", "secrets", ""},
	} {
		if !may(role, c[0], c[1], c[2], c[3]) {
			t.Errorf("it may not %s %s %s", c[0], c[2], c[3])
		}
	}
}

func TestRapbotMayNotDoMore(t *testing.T) {
	for _, values := range []string{onlyRights, onlyRights + "rbac: {helmHistory: configmaps}"} {
		role := get[*rbacv1.Role](t, render(t, bot, values), rapbotsRole)
		for _, c := range [][4]string{
			{"create", "", "pods/exec", "postgresql-primary-0"},
			{"create", "", "pods/portforward", "postgresql-primary-0"},
			{"create", "", "pods/attach", "x"},
			{"create", "", "pods", ""},
			{"delete", "", "pods", "rap-analyzer-1"},
			{"delete", "", "persistentvolumeclaims", "postgresql-backup"},
			{"delete", "", "persistentvolumeclaims", "data-postgresql-primary-0"},
			{"patch", "", "persistentvolumeclaims", "data-postgresql-primary-0"},
			{"patch", "rbac.authorization.k8s.io", "roles", "rapbot"},
			{"create", "rbac.authorization.k8s.io", "rolebindings", ""},
			{"escalate", "rbac.authorization.k8s.io", "roles", "rapbot"},
			{"impersonate", "", "users", "admin"},
			{"create", "", "serviceaccounts/token", "default"},
			{"patch", "apps", "deployments", "another"},
			{"delete", "apps", "statefulsets", "another"},
			{"update", "apps", "deployments/scale", "another"},
			{"delete", "", "services", "kubernetes"},
			{"patch", "", "serviceaccounts", "default"},
			{"list", "", "nodes", ""},
			{"get", "", "namespaces", namespace},
			{"deletecollection", "", "secrets", ""},
			{"watch", "", "secrets", ""},
			{"patch", "", "secrets", "x"},
		} {
			if may(role, c[0], c[1], c[2], c[3]) {
				t.Errorf("it may %s %s %s", c[0], c[2], c[3])
			}
		}
		for _, rule := range role.Rules {
			if slices.Contains(append(append(slices.Clone(rule.Verbs), rule.Resources...), rule.APIGroups...), "*") {
				t.Errorf("it may everything of %v", rule)
			}
		}
		if strings.Contains(values, "configmaps") != !may(role, "get", "", "secrets", "x") {
			t.Errorf("with %s Secrets can be read: %v", values, may(role, "get", "", "secrets", "x"))
		}
	}
	// Nothing is of the whole cluster but a look at nodes, if that is wanted.
	for key, object := range render(t, bot, everyBot) {
		role, is := object.(*rbacv1.ClusterRole)
		if is && text(role.Rules) != "- apiGroups:\n  - \"\"\n  resources:\n  - nodes\n  verbs:\n  - get\n" {
			t.Errorf("%s: %s", key, text(role.Rules))
		}
	}
	for key := range render(t, bot, botConfig) {
		if strings.HasPrefix(key, "Cluster") {
			t.Errorf("%s is not of one namespace", key)
		}
	}
}

// In Argo CD's namespace it may change one ApplicationSet, and make one only where
// it is told to.
func TestRapbotMayChangeTheApplicationSet(t *testing.T) {
	for values, create := range map[string]bool{"argocd: {enabled: true}": false, "argocd: {enabled: true, create: true}": true} {
		role := get[*rbacv1.Role](t, render(t, bot, onlyRights+"rbac: {"+values+"}"), "Role/rapbot-argocd")
		const group, kind = "argoproj.io", "applicationsets"
		if !may(role, "get", group, kind, "rap-analyzer") || !may(role, "patch", group, kind, "rap-analyzer") || !may(role, "get", group, "applications", "rap-analyzer-us-east-1") {
			t.Errorf("%s: it may not do its work: %+v", values, role.Rules)
		}
		if may(role, "patch", group, kind, "another") || may(role, "patch", group, "applications", "rap-analyzer-us-east-1") || may(role, "delete", group, kind, "rap-analyzer") || may(role, "create", group, kind, "") != create {
			t.Errorf("%s: it may too much or too little: %+v", values, role.Rules)
		}
	}
}
