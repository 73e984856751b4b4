package charts

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
)

// everything turns on what is off by default.
const everything = `
exporter: {enabled: true}
serviceMonitor: {enabled: true, labels: {release: prometheus}}
tls: {enabled: true, secretName: postgresql-tls}
service: {type: LoadBalancer, externalIPs: [192.0.2.1], loadBalancerSourceRanges: [10.0.0.0/8], annotations: {a: b}}
networkPolicy: {networks: [10.1.0.0/16]}
access: [10.0.0.0/8]
config: {shared_buffers: 2GB, max_connections: 1000000, autovacuum: false, search_path: "it's"}
initSQL: "CREATE TABLE t ();\nCREATE TABLE u ();"
imagePullSecrets: [{name: registry}]
backup: {maxRate: 50M, storage: {className: slow}, resources: {requests: {cpu: 100m}}}
storage: {className: fast}
resources: {requests: {cpu: "2", memory: 4Gi}, limits: {memory: 8Gi}}
nodeSelector: {disk: ssd}
tolerations: [{key: db, operator: Exists}]
affinity: {nodeAffinity: {}}
priorityClassName: high
podAnnotations: {x: "1"}
podLabels: {y: "2"}
`

const asReplica = `
role: replica
region: us-west-2
slot: usw2
primary: {host: db.us-east-1.example.com}
` + existing

// existing names a Secret for every login.
const existing = `
superuser: {existingSecret: s}
replication: {existingSecret: s}
rapbot: {existingSecret: s, key: rapbot}
database: {existingSecret: s}
exporter: {existingSecret: s}
`

func TestPostgresqlRenders(t *testing.T) {
	for _, files := range [][]string{{}, {everything}, {asReplica}, {asReplica, everything}, {"backup: {enabled: false}\nnetworkPolicy: {enabled: false}\npodDisruptionBudget: {enabled: false}\nreplicas: 0"}} {
		hangsTogether(t, render(t, postgresql, files...))
	}
}

// A change of primary must not restart a server, so nothing of it may come into the StatefulSet.
func TestRoleRestartsNothing(t *testing.T) {
	const stays = "name: postgresql-primary\n" + existing
	before := render(t, postgresql, everything, stays)
	after := render(t, postgresql, everything, stays, `
role: replica
epoch: 7
primary: {host: db.us-west-2.example.com, port: 6432}
peers: [{name: us-west-2, address: "db.us-west-2.example.com:6432"}, {name: eu-west-1, address: "db.eu-west-1.example.com:5432"}]
gate: {selfFence: 60, every: 1.5, quorum: 1}
access: [192.168.0.0/16]
`)
	const key = "StatefulSet/postgresql-primary"
	if was, is := text(get[*appsv1.StatefulSet](t, before, key)), text(get[*appsv1.StatefulSet](t, after, key)); was != is {
		t.Errorf("the StatefulSet changes from\n%s\nto\n%s", was, is)
	}
	state := get[*corev1.ConfigMap](t, after, "ConfigMap/postgresql-primary-state").Data["state"]
	if want := "role=replica\nepoch=7\nprimary_host=db.us-west-2.example.com\nprimary_port=6432\n" +
		"peers=us-west-2=db.us-west-2.example.com:6432 eu-west-1=db.eu-west-1.example.com:5432\nself_fence=60\nevery=1.5\nquorum=1\n"; state != want {
		t.Errorf("state\n%s\nwant\n%s", state, want)
	}
	// A setting does restart it.
	changed := render(t, postgresql, everything, stays, "config: {work_mem: 8MB}")
	if text(get[*appsv1.StatefulSet](t, changed, key).Spec.Template) == text(get[*appsv1.StatefulSet](t, before, key).Spec.Template) {
		t.Error("a changed setting restarts nothing")
	}
}

func TestPostgresqlPod(t *testing.T) {
	for _, c := range []struct{ values, name, role string }{
		{"", "postgresql-primary", "primary"},
		{asReplica, "postgresql-replica", "replica"},
		{asReplica + "\nname: postgresql-primary", "postgresql-primary", "primary"},
		{"name: db\nroleLabel: replica", "db", "replica"},
	} {
		all := render(t, postgresql, c.values)
		set := get[*appsv1.StatefulSet](t, all, "StatefulSet/"+c.name)
		if labels := set.Spec.Template.Labels; labels["app"] != "postgresql" || labels["role"] != c.role {
			t.Errorf("%s has the labels %v", c.name, labels)
		}
		pod := set.Spec.Template.Spec
		if *pod.TerminationGracePeriodSeconds < 120 {
			t.Error("it has too little time to end")
		}
		if set.Spec.PodManagementPolicy != appsv1.ParallelPodManagement {
			t.Error("a pod that is held is never replaced")
		}
		if !get[*corev1.Service](t, all, "Service/"+c.name).Spec.PublishNotReadyAddresses {
			t.Error("a server that is about to open is hidden from the gates of the others")
		}
		// rapbot makes Jobs of this: the entrypoint is the last word, and everything that volume.sh needs is told to the server too.
		if got := strings.Join(pod.Containers[0].Command, " "); got != "sh /etc/postgresql/scripts/entrypoint.sh" || pod.Containers[0].Args != nil {
			t.Errorf("the server runs %q", got)
		}
	}
	both := render(t, postgresql, everything)
	if got := get[*appsv1.StatefulSet](t, both, "StatefulSet/postgresql-primary").Spec.Template.Spec.Containers; len(got) != 2 || got[0].Image != "postgres:17" {
		t.Errorf("containers %v", got)
	}
}

// Every path that a container is told lies on one of its volumes, so that a node that has them elsewhere can put its own in their place.
func TestPostgresqlPaths(t *testing.T) {
	all := render(t, postgresql, everything)
	for _, pod := range podsOf(all) {
		for _, c := range pod.Spec.Containers {
			words := append(append([]string{}, c.Command...), c.Args...)
			for _, env := range c.Env {
				words = append(words, env.Value)
			}
			for _, word := range words {
				for _, path := range regexp.MustCompile(`(^|=)/[^ ]*`).FindAllString(word, -1) {
					if path = strings.TrimPrefix(path, "="); !onAVolume(c, path) {
						t.Errorf("%s of %s is told of %s, which is on no volume", c.Name, pod.Name, path)
					}
				}
			}
		}
	}
}

func onAVolume(c corev1.Container, path string) bool {
	for _, m := range c.VolumeMounts {
		if path == m.MountPath || strings.HasPrefix(path, m.MountPath+"/") {
			return true
		}
	}
	return false
}

func TestPostgresqlSettings(t *testing.T) {
	all := render(t, postgresql, everything)
	data := get[*corev1.ConfigMap](t, all, "ConfigMap/postgresql-primary-config").Data
	for _, want := range []string{"shared_buffers = '2GB'\n", "max_connections = '1000000'\n", "autovacuum = 'false'\n", "search_path = 'it''s'\n", "wal_log_hints = 'on'\n"} {
		if !strings.Contains(data["postgresql.conf"], want) {
			t.Errorf("there is no %q in\n%s", want, data["postgresql.conf"])
		}
	}
	if want := "local all all scram-sha-256\nhost all postgres all reject\nhostssl all all 10.0.0.0/8 scram-sha-256\nhostssl replication replicator 10.0.0.0/8 scram-sha-256\n"; data["pg_hba.conf"] != want {
		t.Errorf("access rules\n%s", data["pg_hba.conf"])
	}
	if data["init.sql"] != "CREATE TABLE t ();\nCREATE TABLE u ();\n" {
		t.Errorf("SQL %q", data["init.sql"])
	}
	open := get[*corev1.ConfigMap](t, render(t, postgresql), "ConfigMap/postgresql-primary-config").Data["pg_hba.conf"]
	if !strings.Contains(open, "host all all all scram-sha-256\n") || strings.Contains(open, "trust") {
		t.Errorf("access rules\n%s", open)
	}
}

// The grants of a cluster that the chart makes are those that the manual has, and the scripts those that the lab runs.
func TestPostgresqlScripts(t *testing.T) {
	data := get[*corev1.ConfigMap](t, render(t, postgresql), "ConfigMap/postgresql-primary-scripts").Data
	for major, file := range map[string]string{"15": "grants.sql", "13": "grants13.sql"} {
		manual, err := os.ReadFile("../docs/" + file)
		if err != nil {
			t.Fatal(err)
		}
		quoted := strings.ReplaceAll(data["grants.sql"]+"\n"+data["grants"+major+".sql"], `"rapbot"`, "rapbot")
		if quoted != string(manual) {
			t.Errorf("the grants for PostgreSQL %s are not those of docs/%s", major, file)
		}
	}
	for name, want := range map[string]string{"boot-gate.sh": BootGate, "volume.sh": Volume} {
		if data[name] != want {
			t.Errorf("%s is another one", name)
		}
	}
	other := get[*corev1.ConfigMap](t, render(t, postgresql, "rapbot: {user: ops}\nreplication: {user: copier}\nslots: [a, use1]"), "ConfigMap/postgresql-primary-scripts").Data
	if got := other["grants.sql"] + other["grants15.sql"] + other["grants13.sql"] + other["rewind.sql"]; strings.Contains(got, "TO rapbot;") || strings.Contains(got, "TO replicator;") || !strings.Contains(got, "(a|use1)") {
		t.Errorf("other names do not come into the grants:\n%s", got)
	}
}

func TestPostgresqlBackup(t *testing.T) {
	elsewhere := get[*batchv1.CronJob](t, render(t, postgresql, "backup: {host: db.example.com}"), "CronJob/postgresql-backup")
	if got := text(elsewhere); !strings.Contains(got, "value: db.example.com\n") {
		t.Errorf("the host is not taken:\n%s", got)
	}
	job := get[*batchv1.CronJob](t, render(t, postgresql), "CronJob/postgresql-backup")
	if job.Spec.ConcurrencyPolicy != batchv1.ForbidConcurrent || job.Spec.Schedule != "17 2 * * *" {
		t.Errorf("%+v", job.Spec)
	}
	env := map[string]string{}
	for _, e := range job.Spec.JobTemplate.Spec.Template.Spec.Containers[0].Env {
		env[e.Name] = e.Value
	}
	if env["BACKUP_HOST"] != "postgresql-primary" || env["BACKUP_KEEP"] != "7" || env["BACKUP_DIR"] != "/backups" {
		t.Errorf("environment %v", env)
	}
	if claim := get[*corev1.PersistentVolumeClaim](t, render(t, postgresql), "PersistentVolumeClaim/postgresql-backup"); claim.Annotations["helm.sh/resource-policy"] != "keep" {
		t.Error("the backups go with the release")
	}
}

// Connections go to the ports that the peers have, and to no other.
func TestPostgresqlNetwork(t *testing.T) {
	all := render(t, postgresql, "networkPolicy: {networks: [10.1.0.0/16]}\npeers: [{name: us-west-2, address: \"a:6432\"}]")
	out := get[*networkingv1.NetworkPolicy](t, all, "NetworkPolicy/postgresql-primary-out")
	var ports []string
	for _, rule := range out.Spec.Egress {
		for _, p := range rule.Ports {
			ports = append(ports, fmt.Sprint(*p.Protocol, p.Port))
		}
	}
	if got := strings.Join(ports, " "); got != "UDP53 TCP53 TCP5432 TCP6432" {
		t.Errorf("ports %s", got)
	}
	if in := get[*networkingv1.NetworkPolicy](t, all, "NetworkPolicy/postgresql-primary"); len(in.Spec.Ingress[0].From) != 5 {
		t.Errorf("in come %v", in.Spec.Ingress[0].From)
	}
}
