package charts

import (
	"strings"
	"testing"
)

// TestWrongValues holds each chart against values that are wrong in one place. The words are what the person who typed them reads: where,
// and what would be right.
func TestWrongValues(t *testing.T) {
	for _, c := range []struct{ chart, values, where, why string }{
		{postgresql, `rolle: replica`, "''", "additional properties 'rolle' not allowed"},
		{postgresql, `role: master`, "'/role'", "value must be one of 'primary', 'replica'"},
		{postgresql, `epoch: 0`, "'/epoch'", "minimum: got 0, want 1"},
		{postgresql, `epoch: "2"`, "'/epoch'", "got string, want integer"},
		{postgresql, `region: US East`, "'/region'", "'US East' does not match pattern"},
		{postgresql, `replicas: 2`, "'/replicas'", "maximum: got 2, want 1"},
		{postgresql, `terminationGracePeriodSeconds: 30`, "'/terminationGracePeriodSeconds'", "minimum: got 30, want 120"},
		{postgresql, `slot: us-east-1`, "'/slot'", "'us-east-1' does not match pattern"},
		{postgresql, `slots: [use1, use1]`, "'/slots'", "items at 0 and 1 are equal"},
		{postgresql, `{role: replica, name: postgresql-replica}`, "'/primary/host'", "minLength: got 0, want 1"},
		{postgresql, `peers: [{name: us-west-2, address: db.example.com}]`, "'/peers/0/address'", "'db.example.com' does not match pattern"},
		{postgresql, `peers: [{name: us-west-2}]`, "'/peers/0'", "missing property 'address'"},
		{postgresql, `gate: {quorum: some}`, "'/gate/quorum'", "'some' does not match pattern"},
		{postgresql, `gate: {selfFence: 601}`, "'/gate/selfFence'", "maximum: got 601, want 600"},
		{postgresql, `image: {tag: 17.1}`, "'/image/tag'", "got number, want integer or string"},
		{postgresql, `config: {primary_conninfo: "host=elsewhere"}`, "'/config/primary_conninfo'", "value must be '(left out: the entrypoint sets it)'"},
		{postgresql, `config: {fsync: false}`, "'/config/fsync'", "with it a crash loses data"},
		{postgresql, `config: {Work Mem: 8MB}`, "'/config'", "additional properties 'Work Mem' not allowed"},
		{postgresql, `config: {work_mem: "8MB\nfsync = off"}`, "'/config/work_mem'", "does not match pattern"},
		{postgresql, `config: {shared_preload_libraries: [a, b]}`, "'/config/shared_preload_libraries'", "got array, want boolean or number or string"},
		{postgresql, `tls: {enabled: true}`, "'/tls/secretName'", "minLength: got 0, want 1"},
		{postgresql, `tls: {mode: prefer}`, "'/tls/mode'", "value must be one of 'require', 'verify-ca', 'verify-full'"},
		{postgresql, `replication: {password: hunter2}`, "'/replication'", "additional properties 'password' not allowed"},
		{postgresql, `rapbot: {user: "rapbot; DROP"}`, "'/rapbot/user'", "does not match pattern"},
		{postgresql, `backup: {schedule: daily}`, "'/backup/schedule'", "'daily' does not match pattern"},
		{postgresql, `backup: {keep: 0}`, "'/backup/keep'", "minimum: got 0, want 1"},
		{postgresql, `storage: {size: 20}`, "'/storage/size'", "got number, want string"},
		{postgresql, `storage: {size: 20GiB}`, "'/storage/size'", "'20GiB' does not match pattern"},
		{postgresql, `access: [10.0.0.1]`, "'/access/0'", "'10.0.0.1' does not match pattern"},
		{postgresql, `service: {type: ExternalName}`, "'/service/type'", "value must be one of 'ClusterIP', 'NodePort', 'LoadBalancer'"},
		{postgresql, `podSecurityContext: {runAsUser: 0}`, "'/podSecurityContext/runAsUser'", "minimum: got 0, want 1"},
		{postgresql, `resources: {limits: {memory: lots}}`, "'/resources/limits/memory'", "'lots' does not match pattern"},
		{postgresql, `port: 80`, "'/port'", "minimum: got 80, want 1,024"},

		{app, `replicas: 3`, "''", "additional properties 'replicas' not allowed"},
		{app, `global: {zone: secondary}`, "'/global/zone'", "value must be one of 'primary', 'replica'"},
		{app, `global: {region: null}`, "'/global'", "missing property 'region'"},
		{app, `replicaCount: -1`, "'/replicaCount'", "minimum: got -1, want 0"},
		{app, `replicaCount: 201`, "'/replicaCount'", "maximum: got 201, want 200"},
		{app, `replicaCount: "3"`, "'/replicaCount'", "got string, want integer"},
		{app, `image: {tag: "v2 beta"}`, "'/image/tag'", "'v2 beta' does not match pattern"},
		{app, `image: {pullPolicy: Sometimes}`, "'/image/pullPolicy'", "value must be one of 'Always', 'IfNotPresent', 'Never'"},
		{app, `image: {repository: "Rap Analyzer"}`, "'/image/repository'", "does not match pattern"},
		{app, `database: {host: ""}`, "'/database/host'", "minLength: got 0, want 1"},
		{app, `database: {host: "db.example.com:5432"}`, "'/database/host'", "does not match pattern"},
		{app, `database: {port: 70000}`, "'/database/port'", "maximum: got 70,000, want 65,535"},
		{app, `database: {maxConnections: 0}`, "'/database/maxConnections'", "minimum: got 0, want 1"},
		{app, `database: {password: hunter2}`, "'/database'", "additional properties 'password' not allowed"},
		{app, `database: {connectionPool: {enabled: "yes"}}`, "'/database/connectionPool/enabled'", "got string, want boolean"},
		{app, `database: {sslMode: maybe}`, "'/database/sslMode'", "value must be one of 'disable', 'require', 'verify-ca', 'verify-full'"},
		{app, `resources: {primary: {requests: {cpu: two}}}`, "'/resources/primary/requests/cpu'", "'two' does not match pattern"},
		{app, `resources: {secondary: {}}`, "'/resources'", "additional properties 'secondary' not allowed"},
		{app, `resources: {replica: {limits: {memroy: 4Gi}}}`, "'/resources/replica/limits'", "additional properties 'memroy' not allowed"},
		{app, `gdpr: {dataRetention: forever}`, "'/gdpr/dataRetention'", "'forever' does not match pattern"},
		{app, `gdpr: {enabled: 1}`, "'/gdpr/enabled'", "got number, want boolean"},
		{app, `config: {API_TOKEN: abc}`, "'/config/API_TOKEN'", "it belongs into a Secret"},
		{app, `config: {log-level: debug}`, "'/config'", "additional properties 'log-level' not allowed"},
		{app, `autoscaling: {targetCPUUtilizationPercentage: 120}`, "'/autoscaling/targetCPUUtilizationPercentage'", "maximum: got 120, want 100"},
		{app, `networkPolicy: {databases: [10.0.0.0]}`, "'/networkPolicy/databases/0'", "does not match pattern"},
		{app, `containerPort: 80`, "'/containerPort'", "minimum: got 80, want 1,024"},
		{app, `probes: {readiness: {path: healthz}}`, "'/probes/readiness/path'", "'healthz' does not match pattern"},
		{app, `podSecurityContext: {runAsUser: 0}`, "'/podSecurityContext/runAsUser'", "minimum: got 0, want 1"},

		{bot, `replicas: 2`, "''", "additional properties 'replicas' not allowed"},
		{bot, `botEnabled: "no"`, "'/botEnabled'", "got string, want boolean"},
		{bot, `config: {slack: {bot_token: xoxb-1}}`, "'/config/slack/bot_token'", "got string, want null or object"},
		{bot, `config: {alertmanager: {tokens: [abc]}}`, "'/config/alertmanager/tokens/0'", "got string, want null or object"},
		{bot, `config: {health: {listen: "127.0.0.1:9096"}}`, "'/config/health/listen'", "does not match pattern"},
		{bot, `rbac: {helmHistory: sql}`, "'/rbac/helmHistory'", "value must be one of 'secrets', 'configmaps'"},
		{bot, `rbac: {names: {postgresql: []}}`, "'/rbac/names/postgresql'", "minItems: got 0, want 1"},
		{bot, `rbac: {names: {app: "*"}}`, "'/rbac/names/app'", "'*' does not match pattern"},
		{bot, `persistence: {size: big}`, "'/persistence/size'", "'big' does not match pattern"},
		{bot, `service: {port: 0}`, "'/service/port'", "minimum: got 0, want 1"},
		{bot, `networkPolicy: {ports: [https]}`, "'/networkPolicy/ports/0'", "got string, want integer"},
		{bot, `existingSecrets: [Rapbot Secrets]`, "'/existingSecrets/0'", "does not match pattern"},
		{bot, `serviceMonitor: {interval: 15}`, "'/serviceMonitor/interval'", "got number, want string"},

		// What is wrong only beside another value.
		{postgresql, `name: db`, "name is db", "set roleLabel to one of them"},
		{postgresql, `slot: apse2`, "slot apse2 is not among slots", "rapbot could not make it"},
		{postgresql, `peers: [{name: us-east-1, address: "a:5432"}]`, "peers has us-east-1, which is this region", "ask itself"},
		{postgresql, `peers: [{name: b, address: "a:5432"}, {name: b, address: "c:5432"}]`, "peers has b twice", ""},
		{postgresql, `{gate: {quorum: 2}, peers: [{name: b, address: "a:5432"}]}`, "gate.quorum is 2, and there are 1 peers", "would never open"},
		{postgresql, `{role: replica, primary: {host: a}}`, "has no existingSecret", "name a Secret with the same password in database.existingSecret"},
		{app, `database: {connectionPool: {maxSize: 30}}`, "connectionPool.maxSize is 30", "more than the 20 of database.maxConnections"},
		{app, `database: {connectionPool: {minSize: 11}}`, "connectionPool.minSize is 11", "more than the 10 of maxSize"},
		{app, `autoscaling: {enabled: true, minReplicas: 20}`, "autoscaling.minReplicas is 20", "more than the 10 of maxReplicas"},
		{app, `config: {DATABASE_HOST: elsewhere}`, "config has DATABASE_HOST", "which the chart sets itself"},
		{bot, `config: {}`, "config has no slack", "rapbot sample-config"},
	} {
		t.Run(c.chart+" "+c.values, func(t *testing.T) {
			_, err := templates(t, c.chart, c.values)
			if err == nil {
				t.Fatal("taken")
			}
			said := err.Error()
			if !strings.Contains(said, c.where) || !strings.Contains(said, c.why) {
				t.Errorf("it says\n%s\nwhich does not say %q and %q", said, c.where, c.why)
			}
		})
	}
}
