package kubernetes

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// database is a StatefulSet of one pod that notes in its volume when it begins and ends.
const database = `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: postgresql}
spec:
  replicas: 1
  serviceName: postgresql
  selector: {matchLabels: {app: postgresql}}
  template:
    metadata: {labels: {app: postgresql}}
    spec:
      terminationGracePeriodSeconds: 30
      containers:
      - name: main
        image: shell
        command: [sh, -c, 'echo "begin $$$$" >>/data/story; trap "sleep 0.5; echo end >>/data/story; exit 0" TERM; while :; do sleep 0.05; done']
        lifecycle: {preStop: {exec: {command: [sh, -c, "echo hook >>/data/story"]}}}
        volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
`

// story reads what a pod has noted, and the process that it ran as last.
func story(t *testing.T, room *Room) (lines []string, pid int) {
	t.Helper()
	volume := room.field(t, "pvc/data-postgresql-0", ".spec.volumeName")
	text, err := os.ReadFile(filepath.Join(room.field(t, "pv/"+volume, ".spec.hostPath.path"), "story"))
	must(t, err)
	for line := range strings.Lines(string(text)) {
		word, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		lines = append(lines, word)
		_, _ = fmt.Sscan(number, &pid)
	}
	return lines, pid
}

// The pod's object goes when its process has ended in good order, not before.
func TestStatefulSetIsStoppedCleanly(t *testing.T) {
	t.Parallel()
	room := processesForTest(t)
	room.apply(t, database)
	room.do(t, "rollout", "status", "statefulset/postgresql", "--timeout=60s")
	_, pid := story(t, room)
	must(t, syscall.Kill(pid, 0))

	room.do(t, "scale", "statefulset/postgresql", "--replicas=0")
	eventually(t, "the pod's object is gone", func() bool { return room.do(t, "get", "pods", "-o", "name") == "" })
	if err := syscall.Kill(pid, 0); err == nil {
		t.Errorf("its process %d still runs", pid)
	}
	if lines, _ := story(t, room); fmt.Sprint(lines) != "[begin hook end]" {
		t.Errorf("its story is %v", lines)
	}

	room.do(t, "scale", "statefulset/postgresql", "--replicas=1")
	room.do(t, "rollout", "status", "statefulset/postgresql", "--timeout=60s")
	eventually(t, "it has begun again on the same volume", func() bool {
		lines, _ := story(t, room)
		return fmt.Sprint(lines) == "[begin hook end begin]"
	})

	folder := room.field(t, "pv/"+room.field(t, "pvc/data-postgresql-0", ".spec.volumeName"), ".spec.hostPath.path")
	room.do(t, "delete", "statefulset/postgresql", "pvc/data-postgresql-0")
	eventually(t, "the volume goes with its claim", func() bool { _, err := os.Stat(folder); return os.IsNotExist(err) })
}

// A program that does not obey is killed when its time is up.
func TestStubbornPodIsKilled(t *testing.T) {
	t.Parallel()
	room := processesForTest(t)
	room.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: stubborn}
spec:
  terminationGracePeriodSeconds: 1
  containers: [{name: main, image: shell, command: [sh, -c, 'trap "" TERM; while :; do sleep 0.05; done']}]
`)
	room.becomes(t, "pod/stubborn", ".status.phase", "Running")
	room.do(t, "delete", "pod/stubborn", "--timeout=30s")
}

func TestJobs(t *testing.T) {
	t.Parallel()
	room := processesForTest(t)
	room.apply(t, job("good", "v1", "echo done"))
	room.apply(t, job("bad", "v1", "echo broken >&2; exit 3"))
	room.apply(t, `
apiVersion: batch/v1
kind: CronJob
metadata: {name: postgresql-backup}
spec:
  schedule: "0 3 * * *"
  timeZone: Europe/Dublin
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: OnFailure
          containers:
          - {name: main, image: shell, command: [sh, -c, 'if [ -e /tries/one ]; then exit 0; fi; touch /tries/one; exit 1'], volumeMounts: [{name: tries, mountPath: /tries}]}
          volumes: [{name: tries, emptyDir: {}}]
`)
	room.do(t, "create", "job", "now", "--from=cronjob/postgresql-backup")
	room.becomes(t, "job/good", ".status.succeeded", "1")
	room.becomes(t, "job/bad", ".status.failed", "1")
	room.becomes(t, "job/now", ".status.succeeded", "1")
	for label, want := range map[string]string{"good": "Succeeded Completed 0 0", "bad": "Failed Error 3 0", "now": "Succeeded Completed 0 1"} {
		got := room.do(t, "get", "pods", "-l", "job-name="+label, "-o", "jsonpath={.items[0].status.phase} "+
			"{.items[0].status.containerStatuses[0].state.terminated.reason} {.items[0].status.containerStatuses[0].state.terminated.exitCode} "+
			"{.items[0].status.containerStatuses[0].restartCount}")
		if got != want {
			t.Errorf("the pod of %s: %s, not %s", label, got, want)
		}
	}
	if out := room.do(t, "logs", "job/bad"); out != "broken\n" {
		t.Errorf("it said %q", out)
	}
}

// everything is a pod that is told of everything that a pod can be told of.
const everything = `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {PLAIN: from-map, WHERE: /data/below, script.sh: "/data is not replaced here\n"}
---
apiVersion: v1
kind: Secret
metadata: {name: secret}
stringData: {password: "p /data"}
---
apiVersion: v1
kind: Pod
metadata: {name: everything, labels: {role: primary}}
spec:
  terminationGracePeriodSeconds: 0
  initContainers:
  - name: aside
    image: shell
    restartPolicy: Always
    command: [sh, -c, "sleep 0.2; echo zero >/data/order; sleep 1000"]
    startupProbe: {exec: {command: [test, -e, /data/order]}, periodSeconds: 1}
    volumeMounts: [{name: data, mountPath: /data}]
  - {name: first, image: shell, command: [sh, -c, "echo one >>/data/order"], volumeMounts: [{name: data, mountPath: /data}]}
  - {name: second, image: shell, command: [sh, -c, "echo two >>/data/order"], volumeMounts: [{name: data, mountPath: /data}]}
  containers:
  - name: main
    image: shell:v7
    workingDir: /data
    command: [sh, -c]
    args: ['cat order; cat "$1"/script.sh; echo $(GREETING); env; exec sleep 1000', sh, /etc/settings]
    lifecycle: {postStart: {exec: {command: [touch, /data/hooked]}}}
    resources: {limits: {memory: 64Mi}}
    envFrom: [{configMapRef: {name: settings}}, {configMapRef: {name: none, optional: true}}]
    env:
    - {name: NAME, value: you}
    - {name: GREETING, value: "hello $(NAME)"}
    - {name: DATA, value: /data/pg}
    - {name: PASSWORD, valueFrom: {secretKeyRef: {name: secret, key: password}}}
    - {name: CHOSEN, valueFrom: {configMapKeyRef: {name: settings, key: PLAIN}}}
    - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
    - {name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: ROLE, valueFrom: {fieldRef: {fieldPath: "metadata.labels['role']"}}}
    - {name: LIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
    volumeMounts:
    - {name: data, mountPath: /data}
    - {name: settings, mountPath: /etc/settings}
    - {name: secret, mountPath: /etc/secret}
    - {name: all, mountPath: /etc/all}
  volumes:
  - {name: data, emptyDir: {}}
  - {name: settings, configMap: {name: settings}}
  - {name: secret, secret: {secretName: secret, defaultMode: 0400, items: [{key: password, path: in/word}]}}
  - name: all
    projected:
      sources:
      - {configMap: {name: settings, items: [{key: PLAIN, path: plain}]}}
      - {downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
      - {serviceAccountToken: {path: token, audience: rapbot}}
`

func TestPodIsToldEverything(t *testing.T) {
	t.Parallel()
	room := processesForTest(t)
	room.apply(t, everything)
	room.becomes(t, "pod/everything", ".status.containerStatuses[0].ready", "true")
	ip := room.field(t, "pod/everything", ".status.podIP")
	said := room.do(t, "logs", "everything", "-c", "main")
	if want := "zero\none\ntwo\n/data is not replaced here"; !strings.HasPrefix(said, want) {
		t.Errorf("it begins with %.80q", said)
	}
	folder := filepath.Dir(following(said, "DATA="))
	for name, want := range map[string]string{
		"NAME=": "you", "GREETING=": "hello you", "PASSWORD=": "p /data", "CHOSEN=": "from-map", "PLAIN=": "from-map", "POD_IP=": ip, "POD=": "everything",
		"ROLE=": "primary", "LIMIT=": "67108864", "VERSION=": "v7", "HOSTNAME=": "everything", "WHERE=": folder + "/below", "hello ": "you",
	} {
		if got := following(said, name); got != want {
			t.Errorf("%s%s, not %s", name, got, want)
		}
	}
	for _, c := range []struct {
		want    string
		command []string
	}{
		{"p /data", []string{"cat", "/etc/secret/in/word"}},
		{"from-map", []string{"cat", "/etc/all/plain"}},
		{`role="primary"`, []string{"head", "-n", "1", "/etc/all/labels"}},
		{"400", []string{"stat", "-L", "-c", "%a", "/etc/secret/in/word"}},
		{"", []string{"test", "-s", "/etc/all/token"}},
		{"", []string{"test", "-e", "hooked"}},
	} {
		if got := strings.TrimSpace(room.do(t, append([]string{"exec", "everything", "-c", "main", "--"}, c.command...)...)); got != c.want {
			t.Errorf("%v gives %q, not %q", c.command, got, c.want)
		}
	}
	room.apply(t, strings.Replace(everything[:strings.Index(everything, "---")], "from-map", "changed", 1))
	eventually(t, "the changed map shows", func() bool {
		return room.do(t, "exec", "everything", "-c", "main", "--", "cat", "/etc/settings/PLAIN") == "changed"
	})
}

// following gives what follows a word at the beginning of a line.
func following(text, word string) string {
	for one := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(one, word); ok {
			return strings.TrimSuffix(rest, "\n")
		}
	}
	return "nothing"
}

// A pod that refers to what is not there waits for it.
func TestPodWaitsForWhatItNeeds(t *testing.T) {
	t.Parallel()
	room := processesForTest(t)
	room.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: needy}
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - {name: main, image: shell, command: [sleep, "1000"], envFrom: [{configMapRef: {name: later}}]}
`)
	room.becomes(t, "pod/needy", ".status.containerStatuses[0].state.waiting.reason", "CreateContainerConfigError")
	room.do(t, "create", "configmap", "later", "--from-literal=a=b")
	room.becomes(t, "pod/needy", ".status.phase", "Running")
}

func TestProgramThatIsNotThere(t *testing.T) {
	t.Parallel()
	room := processesForTest(t)
	room.apply(t, `
apiVersion: v1
kind: Pod
metadata: {name: wrong}
spec:
  restartPolicy: Never
  containers: [{name: main, image: shell, command: [no-such-program]}]
`)
	room.becomes(t, "pod/wrong", ".status.containerStatuses[0].state.terminated.reason", "StartError")
	room.becomes(t, "pod/wrong", ".status.phase", "Failed")
}
