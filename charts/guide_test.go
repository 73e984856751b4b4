package charts

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
)

// everythingOfApp turns on what is off by default.
const everythingOfApp = `
autoscaling: {enabled: true, targetMemoryUtilizationPercentage: 80}
serviceMonitor: {enabled: true, labels: {release: prometheus}}
rbac: {create: true}
database: {existingSecret: rap-analyzer-database}
networkPolicy: {from: [{kubernetes.io/metadata.name: ingress}], databases: [10.0.0.0/8], extraEgress: [{ports: [{port: 443}]}]}
config: {LOG_LEVEL: debug, WORKERS: 4, VERBOSE: true}
extraSecrets: [rap-analyzer-keys]
service: {type: LoadBalancer, annotations: {a: b}}
serviceAccount: {annotations: {a: b}}
imagePullSecrets: [{name: registry}]
nodeSelector: {disk: ssd}
tolerations: [{key: app, operator: Exists}]
affinity: {nodeAffinity: {}}
topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: ScheduleAnyway}]
priorityClassName: high
podAnnotations: {x: "1"}
podLabels: {y: "2"}
`

func TestAppRenders(t *testing.T) {
	for _, files := range [][]string{{}, {everythingOfApp}, {"networkPolicy: {enabled: false}\npodDisruptionBudget: {enabled: false}\nserviceAccount: {create: false}"}} {
		hangsTogether(t, render(t, app, files...))
	}
}

// settings are what the application is told.
func settings(t *testing.T, files ...string) map[string]string {
	t.Helper()
	return get[*corev1.ConfigMap](t, render(t, app, files...), "ConfigMap/rap-analyzer-config").Data
}

func deployment(t *testing.T, files ...string) *appsv1.Deployment {
	t.Helper()
	return get[*appsv1.Deployment](t, render(t, app, files...), "Deployment/rap-analyzer")
}

func wants(t *testing.T, got map[string]string, want map[string]string) {
	t.Helper()
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s is %q, want %q", key, got[key], value)
		}
	}
}

// The snippets of values that the operating guide has, as they stand there.
func TestGuide(t *testing.T) {
	t.Run("connection pool", func(t *testing.T) {
		wants(t, settings(t, `
# Optimize connection pooling in values.yaml
database:
  maxConnections: 20
  connectionPool:
    enabled: true
    maxSize: 10
    minSize: 2
`), map[string]string{"DATABASE_MAX_CONNECTIONS": "20", "DATABASE_POOL_ENABLED": "true", "DATABASE_POOL_MAX_SIZE": "10", "DATABASE_POOL_MIN_SIZE": "2"})
	})
	t.Run("GDPR", func(t *testing.T) {
		wants(t, settings(t, `
# values-eu-west-1.yaml
gdpr:
  enabled: true
  dataRetention: "2 years"
  anonymization: true
  rightToForget: true
`), map[string]string{"GDPR_ENABLED": "true", "GDPR_DATA_RETENTION": "2 years", "GDPR_ANONYMIZATION": "true", "GDPR_RIGHT_TO_FORGET": "true"})
		wants(t, settings(t), map[string]string{"GDPR_ENABLED": "false", "GDPR_ANONYMIZATION": "false"})
	})
	t.Run("resources", func(t *testing.T) {
		const snippet = `
# Example resource limits per region
resources:
  primary:
    requests: { cpu: "2", memory: "4Gi" }
    limits: { cpu: "4", memory: "8Gi" }
  replica:
    requests: { cpu: "1", memory: "2Gi" }
    limits: { cpu: "2", memory: "4Gi" }
`
		for _, files := range [][]string{{}, {snippet}} { // they are the defaults too
			for zone, want := range map[string][4]string{"primary": {"2", "4Gi", "4", "8Gi"}, "replica": {"1", "2Gi", "2", "4Gi"}} {
				r := deployment(t, append(files, "global: {zone: "+zone+"}")...).Spec.Template.Spec.Containers[0].Resources
				got := [4]string{r.Requests.Cpu().String(), r.Requests.Memory().String(), r.Limits.Cpu().String(), r.Limits.Memory().String()}
				if got != want {
					t.Errorf("%s: %v, want %v", zone, got, want)
				}
			}
		}
	})
	t.Run("a new primary", func(t *testing.T) { // helm upgrade --set database.host=new-primary-host
		wants(t, settings(t, "database: {host: new-primary-host}"), map[string]string{"DATABASE_HOST": "new-primary-host", "DATABASE_PORT": "5432"})
	})
	t.Run("a new version", func(t *testing.T) { // helm upgrade --set image.tag=new-version
		for tag, want := range map[string]string{"new-version": "rap-analyzer:new-version", "17": "rap-analyzer:17", `""`: "rap-analyzer:2.0.0"} {
			if got := deployment(t, "image: {tag: "+tag+"}").Spec.Template.Spec.Containers[0].Image; got != want {
				t.Errorf("tag %s runs %s", tag, got)
			}
		}
	})
	t.Run("names", func(t *testing.T) {
		d := deployment(t, "global: {region: us-east-1, zone: primary}")
		if d.Labels["app"] != "rap-analyzer" || d.Spec.Template.Labels["app"] != "rap-analyzer" {
			t.Errorf("kubectl logs -l app=rap-analyzer finds nothing: %v", d.Spec.Template.Labels)
		}
	})
}

// A changed setting replaces the pods, since they read it when they start; a change of the chart's version or of what concerns other objects does not.
func TestAppRollsWithItsSettings(t *testing.T) {
	before := deployment(t)
	if same := deployment(t, "replicaCount: 5\nservice: {port: 8080}\npodDisruptionBudget: {enabled: false}"); !cmp.Equal(before.Spec.Template, same.Spec.Template) {
		t.Error(cmp.Diff(before.Spec.Template, same.Spec.Template))
	}
	for _, values := range []string{"database: {host: elsewhere}", "gdpr: {enabled: true}", "config: {LOG_LEVEL: debug}"} {
		if moved := deployment(t, values); cmp.Equal(before.Spec.Template, moved.Spec.Template) {
			t.Errorf("pods stay as they are with %s", values)
		}
	}
}

// With an autoscaler the chart says nothing of how many pods there are, or every upgrade would set them back.
func TestAppScales(t *testing.T) {
	if got := deployment(t, "replicaCount: 0").Spec.Replicas; got == nil || *got != 0 {
		t.Errorf("pods %v, want 0", got)
	}
	all := render(t, app, everythingOfApp)
	if got := get[*appsv1.Deployment](t, all, "Deployment/rap-analyzer").Spec.Replicas; got != nil {
		t.Errorf("pods %d beside an autoscaler", *got)
	}
	if got := get[*autoscalingv2.HorizontalPodAutoscaler](t, all, "HorizontalPodAutoscaler/rap-analyzer"); *got.Spec.MinReplicas != 2 || got.Spec.MaxReplicas != 10 || len(got.Spec.Metrics) != 2 {
		t.Errorf("%+v", got.Spec)
	}
}
