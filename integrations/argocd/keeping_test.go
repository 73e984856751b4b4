package argocd

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/rap-analyzer/rapbot"
)

// application is what Argo CD says of us-west-2, which is to run v2.
const application = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: rap-analyzer-us-west-2, namespace: argocd}
spec:
  source: {helm: {parameters: [{name: image.tag, value: ASKED}, {name: global.zone, value: replica}, {name: database.host, value: postgresql.us-east-1.example.com}, {name: global.region, value: us-west-2}]}}
  syncPolicy: {automated: {prune: true}}
status:
  sync:
    status: Synced
    comparedTo: {source: {helm: {parameters: [{name: image.tag, value: COMPARED}, {name: global.zone, value: replica}, {name: database.host, value: postgresql.us-east-1.example.com}, {name: global.region, value: us-west-2}]}}}
  health: {status: Healthy}
  operationState:
    phase: Succeeded
    message: successfully synced
    syncResult: {source: {helm: {parameters: [{name: image.tag, value: TRIED}, {name: global.zone, value: replica}, {name: database.host, value: postgresql.us-east-1.example.com}, {name: global.region, value: us-west-2}]}}}
`

// TestKeeping is what is made of an Application: it is all well when it asks for
// what the element says, that very wish was compared, and the cluster is so.
func TestKeeping(t *testing.T) {
	at := func(asked, compared, tried string) string {
		return strings.NewReplacer("ASKED", asked, "COMPARED", compared, "TRIED", tried).Replace(application)
	}
	all := at("v2", "v2", "v2")
	for name, test := range map[string]struct {
		app, set string // set: what its status says
		want     rapbot.Keeping
	}{
		"all well":                    {all, "", rapbot.Keeping{Says: "Synced, Healthy", Settled: true}},
		"not followed yet":            {at("v1", "v1", "v1"), "", rapbot.Keeping{Says: "Synced, Healthy; rap-analyzer-us-west-2 still asks for v1"}},
		"followed and not compared":   {at("v2", "v1", "v1"), "", rapbot.Keeping{Says: "Synced, Healthy"}},
		"out of sync":                 {strings.Replace(all, "status: Synced", "status: OutOfSync", 1), "", rapbot.Keeping{Says: "OutOfSync, Healthy"}},
		"pods on their way":           {strings.Replace(all, "Healthy", "Progressing", 1), "", rapbot.Keeping{Says: "Synced, Progressing"}},
		"degraded":                    {strings.Replace(all, "{status: Healthy}", "{status: Degraded, message: too few pods}", 1), "", rapbot.Keeping{Says: "Synced, Degraded", Trouble: "Degraded: too few pods", Stuck: true}},
		"a sync under way":            {strings.Replace(all, "phase: Succeeded", "phase: Running", 1), "", rapbot.Keeping{Says: "Synced, Healthy"}},
		"a sync asked for":            {all + "operation: {sync: {}}\n", "", rapbot.Keeping{Says: "Synced, Healthy"}},
		"a sync tried again":          {strings.NewReplacer("phase: Succeeded", "phase: Running, retryCount: 2", "message: successfully synced", "").Replace(strings.Replace(all, "operationState:\n    phase: Succeeded\n    message: successfully synced\n", "operationState:\n    phase: Running\n    retryCount: 2\n    message: webhook refused\n", 1)), "", rapbot.Keeping{Says: "Synced, Healthy", Trouble: "its sync is tried again (2): webhook refused"}},
		"a sync that has failed":      {strings.NewReplacer("status: Synced", "status: OutOfSync", "phase: Succeeded", "phase: Failed", "successfully synced", "image is required.").Replace(all), "", rapbot.Keeping{Says: "OutOfSync, Healthy", Trouble: "its sync has failed: image is required", Stuck: true}},
		"an older sync that failed":   {strings.NewReplacer("status: Synced", "status: OutOfSync", "phase: Succeeded", "phase: Failed").Replace(at("v2", "v2", "v1")), "", rapbot.Keeping{Says: "OutOfSync, Healthy"}},
		"charts that do not render":   {strings.Replace(all, "status:\n  sync:\n    status: Synced", "status:\n  conditions: [{type: OrphanedResourceWarning, message: x}, {type: ComparisonError, message: helm failed}]\n  sync:\n    status: Unknown", 1), "", rapbot.Keeping{Says: "Unknown, Healthy", Trouble: "ComparisonError: helm failed", Stuck: true}},
		"automated sync off":          {strings.NewReplacer("status: Synced", "status: OutOfSync", "  syncPolicy: {automated: {prune: true}}\n", "").Replace(all), "", rapbot.Keeping{Says: "OutOfSync, Healthy", Idle: true, Trouble: "automated sync is off, so that it waits for somebody to sync"}},
		"automated sync switched off": {strings.Replace(all, "prune: true", "enabled: false", 1), "", rapbot.Keeping{Says: "Synced, Healthy", Settled: true, Idle: true, Trouble: "automated sync is off, so that it waits for somebody to sync"}},
		"none":                        {"", "", rapbot.Keeping{Says: "there is no Application rap-analyzer-us-west-2"}},
		"none, for a reason":          {"", "missing key", rapbot.Keeping{Says: "there is no Application rap-analyzer-us-west-2", Trouble: "ErrorOccurred: missing key", Stuck: true}},
		"not followed, for a reason":  {at("v1", "v1", "v1"), "missing key", rapbot.Keeping{Says: "Synced, Healthy", Trouble: "ErrorOccurred: missing key", Stuck: true}},
		"says nothing":                {at("v2", "v2", "v2")[:strings.Index(all, "status:\n  sync")], "", rapbot.Keeping{Says: "Unknown, Unknown"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil, parsed(t, shipped(t)))
			w.byHand(west, "v2")
			if test.set != "" {
				w.hand(func(o *unstructured.Unstructured) {
					_ = unstructured.SetNestedSlice(o.Object, []any{map[string]any{"type": "ErrorOccurred", "status": "True", "message": test.set}}, "status", "conditions")
				})
			}
			if test.app != "" {
				if err := w.server.Tracker().Add(parsed(t, []byte(test.app))); err != nil {
					t.Fatal(err)
				}
			}
			got, err := w.argo.Keeping(t.Context(), west, rapbot.App)
			advised := got.Fix != ""
			got.Fix, test.want.By = "", "Argo CD"
			if err != nil || got != test.want {
				t.Errorf("%v\ngot  %+v\nwant %+v", err, got, test.want)
			}
			if well := test.want.Settled && !test.want.Idle; advised == well {
				t.Errorf("it is advised what to do: %v", advised)
			}
		})
	}
	if got, err := newWorld(t, nil).argo.Keeping(t.Context(), west, rapbot.Database); err != nil || got.By != "" {
		t.Errorf("%+v, %v: the database is Helm's", got, err)
	}
}

// Which value a key becomes is the template's to say.
func TestKeysComeFromTheTemplate(t *testing.T) {
	for name, template := range map[string]string{
		"parameters":        `source: {helm: {parameters: [{name: image.tag, value: "{{.version}}"}, {name: a, value: "x-{{.zone}}"}, {name: b, value: plain}]}}`,
		"without Go's":      `source: {helm: {parameters: [{name: image.tag, value: "{{version}}"}]}}`,
		"values":            `source: {helm: {valuesObject: {image: {tag: "{{ .version }}"}, n: 3}}}`,
		"one of two":        `sources: [{ref: values}, {helm: {parameters: [{name: image.tag, value: "{{- .version -}}"}]}}]`,
		"parameters win":    `source: {helm: {valuesObject: {image: {tag: fixed}}, parameters: [{name: image.tag, value: "{{.version}}"}]}}`,
		"and nothing wrong": `source: {helm: {parameters: [3, {name: image.tag, value: "{{.version}}"}], valuesObject: [x]}}`,
	} {
		s := newSet(parsed(t, []byte("spec: {template: {spec: {"+strings.TrimSpace(template)+"}}}")))
		if len(s.keys) != 1 || s.keys["image.tag"] != "version" {
			t.Errorf("%s: %v", name, s.keys)
		}
	}
}
