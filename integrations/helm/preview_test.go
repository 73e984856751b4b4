package helm_test

import (
	"strings"
	"testing"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/rap-analyzer/rapbot"
)

// Helm's dry run on the server renders and sends no object.
func TestRefusedByTheAPIServer(t *testing.T) {
	w := newWorld(t)
	for name, test := range map[string]struct {
		set  []string
		want string
	}{
		"object":  {[]string{"config.a/b=x"}, `The change of shop in us-east-1 is refused: server-side apply failed for object ` + w.room.Namespace + `/shop-config /v1, Kind=ConfigMap: ConfigMap "shop-config" is invalid: data[a/b]: Invalid value`},
		"hook":    {[]string{"hook=pre-install", "hookName=A_B"}, `Job.batch "A_B" is invalid`},
		"schema":  {[]string{"replicas=99"}, "at '/replicas': maximum: got 99, want 20"},
		"field":   {[]string{"replicas=x"}, "at '/replicas': got string, want integer"},
		"unknown": {[]string{"field=replcas"}, ".spec.replcas: field not declared in schema"},
		"several": {[]string{"config.a/b=x", "token=48150162342"}, `; server-side apply failed for object`},
	} {
		for _, err := range []error{second(w.helm().Preview(t.Context(), change(test.set...))), second(w.helm().Apply(t.Context(), change(test.set...)))} {
			expect(t, err, rapbot.Invalid)
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "Nothing was changed.") {
				t.Errorf("%s: %v, want %q", name, err, test.want)
			}
			if w.configMap("shop-config") != nil {
				t.Fatalf("%s: what was refused is there", name)
			}
		}
	}
}

// In a dry run too Helm's client deletes what a manifest no longer has.
func TestPreviewDeletesNothing(t *testing.T) {
	w := newWorld(t)
	w.apply("extra=true")
	p := w.preview("extra=false")
	if p.Diff != "- ConfigMap/shop-extra\n" || p.Objects != 1 {
		t.Errorf("the preview: %q", p.Diff)
	}
	if w.configMap("shop-extra") == nil {
		t.Fatal("the preview has deleted an object")
	}
	w.apply("extra=false")
	if w.configMap("shop-extra") != nil {
		t.Error("the upgrade has left it")
	}
}

func TestChangedByHand(t *testing.T) {
	w := newWorld(t)
	w.apply("image.tag=v1", "replicas=2", "extra=true")
	scaled := []byte(`{"spec":{"replicas":5}}`)
	if _, err := w.client.AppsV1().Deployments(w.room.Namespace).Patch(t.Context(), "shop", types.MergePatchType, scaled, meta.PatchOptions{FieldManager: "kubectl"}, "scale"); err != nil {
		t.Fatal(err)
	}
	stamp := []byte(`{"spec":{"template":{"metadata":{"annotations":{"restarted":"yes"}}}}}`)
	if _, err := w.client.AppsV1().Deployments(w.room.Namespace).Patch(t.Context(), "shop", types.StrategicMergePatchType, stamp, meta.PatchOptions{FieldManager: "kubectl"}); err != nil {
		t.Fatal(err)
	}
	if err := w.client.CoreV1().ConfigMaps(w.room.Namespace).Delete(t.Context(), "shop-extra", meta.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	p := w.preview()
	want := "~ Deployment/shop, changed by hand\n@@ spec\n    progressDeadlineSeconds: 600\n-   replicas: 5\n+   replicas: 2\n    revisionHistoryLimit: 10\n"
	if !strings.Contains(p.Diff, want) || !strings.Contains(p.Diff, "+ ConfigMap/shop-extra, deleted by hand\n") || p.Objects != 2 {
		t.Errorf("the preview of %d objects:\n%s\nwant:\n%s", p.Objects, p.Diff, want)
	}
	w.apply()
	d := w.deployment()
	if *d.Spec.Replicas != 2 || d.Spec.Template.Annotations["restarted"] != "yes" || w.configMap("shop-extra") == nil {
		t.Errorf("%d replicas, annotations %v, %v", *d.Spec.Replicas, d.Spec.Template.Annotations, w.configMap("shop-extra"))
	}
	if p := w.preview(); p.Objects != 0 {
		t.Errorf("nothing would change, and the preview says:\n%s", p.Diff)
	}
}

func TestDigestOfAPreview(t *testing.T) {
	w := newWorld(t)
	w.apply("image.tag=v1")
	first, other := w.preview("image.tag=v2"), w.preview("image.tag=v3")
	if again := w.preview("image.tag=v2"); again.Digest != first.Digest || other.Digest == first.Digest || len(first.Digest) != 64 {
		t.Errorf("digests %s, %s and of another change %s", first.Digest, again.Digest, other.Digest)
	}
	w.apply("image.tag=v2")
	if back, err := w.helm().PreviewRollBack(t.Context(), east, rapbot.App, 2); err != nil || back.Digest != first.Digest {
		t.Errorf("what came of it has the digest %s, %v, want %s", back.Digest, err, first.Digest)
	}
}

func TestNamespaceThatIsNotThere(t *testing.T) {
	w := newWorld(t)
	w.room.Namespace += "-new"
	w.config.Regions[0].Namespace = w.room.Namespace
	_, err := w.helm().Preview(t.Context(), change("config.a/b=x"))
	expect(t, err, rapbot.Invalid)
	if !strings.Contains(err.Error(), `data[a/b]: Invalid value`) {
		t.Errorf("an invalid object for it: %v", err)
	}
	if p := w.preview("image.tag=v1", "hook=pre-install"); p.Objects != 4 || p.Release.Revision != 0 {
		t.Errorf("the preview: %+v", p)
	}
	if _, err := w.client.CoreV1().Namespaces().Get(t.Context(), w.room.Namespace, meta.GetOptions{}); err == nil {
		t.Fatal("the preview has made it")
	}
	if r := w.apply("image.tag=v1"); r.Revision != 1 || w.image() != "shop:v1" {
		t.Errorf("installed: %+v", r)
	}
	if err := w.client.CoreV1().Namespaces().Delete(t.Context(), w.room.Namespace, meta.DeleteOptions{}); err != nil {
		t.Error(err)
	}
}

// An object of somebody else's is not taken over.
func TestObjectOfSomebodyElse(t *testing.T) {
	w := newWorld(t)
	w.byHand("other", "image.tag=v1")
	for _, err := range []error{second(w.helm().Preview(t.Context(), change())), second(w.helm().Apply(t.Context(), change()))} {
		expect(t, err, rapbot.Invalid)
		if !strings.Contains(err.Error(), `exists and cannot be imported into the current release`) {
			t.Error(err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A field that helm at the prompt has set goes with the next chart that has it
// no more: both are one manager of fields.
func TestFieldThatHelmByHandHasSet(t *testing.T) {
	w := newWorld(t)
	w.byHand("shop", "config.old=x")
	w.apply("config.old=null", "config.new=y")
	if c := w.configMap("shop-config"); c["old"] != "" || c["new"] != "y" {
		t.Errorf("the ConfigMap: %v", c)
	}
}
