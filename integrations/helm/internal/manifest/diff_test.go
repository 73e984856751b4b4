package manifest

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func parsed(t testing.TB, text string) []Object {
	t.Helper()
	all, err := Parse(text, "shop", "")
	if err != nil {
		t.Fatal(err)
	}
	Sort(all)
	return all
}

func diffOf(t testing.TB, old, new string) string {
	t.Helper()
	all, err := Compare(parsed(t, old), parsed(t, new), "shop", &Hider{})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := Write(all)
	return text
}

const before = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: shop
        image: shop:v1
        env:
        - {name: REGION, value: us-east-1}
        - {name: DATABASE_PASSWORD, value: old}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop-config}
data:
  app.conf: |
    level = info
    password = old
    port = 5432
---
apiVersion: v1
kind: Secret
metadata: {name: shop-database}
data: {password: b2xk, user: c2hvcA==}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: gone, namespace: elsewhere}
---
apiVersion: v1
kind: Service
metadata: {name: same}
`

const after = `
apiVersion: v1
kind: Service
metadata: {name: same}
---
apiVersion: v1
kind: Secret
metadata: {name: shop-database}
data: {password: bmV3, user: c2hvcA==}
---
apiVersion: v1
kind: Secret
metadata: {name: shop-new}
stringData: {token: hunter2}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop-config}
data:
  app.conf: |
    level = debug
    password = new
    port = 5432
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - name: shop
        image: shop:v2
        env:
        - {name: ZONE, value: primary}
        - {name: REGION, value: us-east-1}
        - {name: DATABASE_PASSWORD, value: new}
`

func TestDiff(t *testing.T) {
	want := `~ ConfigMap/shop-config
@@ data.app.conf
    app.conf: |
-     level = info
-     password = (hidden)
+     level = debug
+     password = (hidden)
      port = 5432
~ Deployment/shop
@@ spec.template.spec.containers.env
        - env:
+         - name: ZONE
+           value: primary
          - name: REGION
@@ spec.template.spec.containers.env
          - name: DATABASE_PASSWORD
-           value: (hidden)
-         image: shop:v1
+           value: (hidden, changed)
+         image: shop:v2
          name: shop
~ Secret/shop-database
@@ data
  data:
-   password: (hidden)
+   password: (hidden, changed)
    user: (hidden)
+ Secret/shop-new
+ apiVersion: v1
+ kind: Secret
+ metadata:
+   name: shop-new
+ stringData:
+   token: (hidden)
- ConfigMap/gone in elsewhere
`
	if diff := cmp.Diff(want, diffOf(t, before, after)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if text := diffOf(t, before, before); text != "" {
		t.Errorf("no Difference is written as %q", text)
	}
}

func TestDigest(t *testing.T) {
	sum := func(text string, with ...string) string {
		d, err := Digest(parsed(t, text), with...)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	const a, b = "kind: ConfigMap\nmetadata: {name: a}\ndata: {p: '1', q: '2'}\n", "kind: ConfigMap\nmetadata: {name: b}\n"
	const written = "# Source: shop/templates/a.yaml\nmetadata:\n  name: a\nkind: ConfigMap\ndata:\n  \"q\": \"2\"\n  p: \"1\"\n"
	want := sum("---\n"+a+"---\n"+b, "shop", "1.0.0")
	for range 20 {
		if got := sum("---\n"+b+"---\n"+written, "shop", "1.0.0"); got != want {
			t.Fatalf("the same objects in another order and writing: %s, want %s", got, want)
		}
	}
	hook, err := Parse(b, "shop", "pre-upgrade")
	if err != nil {
		t.Fatal(err)
	}
	hooked, err := Digest(append(parsed(t, a), hook...), "shop", "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string]string{
		"an object less":    sum(a, "shop", "1.0.0"),
		"another value":     sum("---\n"+strings.Replace(a, "'1'", "'3'", 1)+"---\n"+b, "shop", "1.0.0"),
		"an object twice":   sum("---\n"+a+"---\n"+b+"---\n"+b, "shop", "1.0.0"),
		"another chart":     sum("---\n"+a+"---\n"+b, "shop", "1.0.1"),
		"moved boundaries":  sum("---\n"+a+"---\n"+b, "shop1", ".0.0"),
		"a hook, no object": hooked,
	} {
		if got == want {
			t.Errorf("%s: the digest is the same", name)
		}
	}
	if sum("kind: A\nx: 9007199254740993\n") == sum("kind: A\nx: 9007199254740992\n") {
		t.Error("numbers are rounded")
	}
}

func TestDiffIsBounded(t *testing.T) {
	var long, many strings.Builder
	fmt.Fprint(&long, "kind: ConfigMap\nmetadata: {name: long}\ndata:\n")
	for i := range 500 {
		fmt.Fprintf(&long, "  k%03d: %q\n", i, strings.Repeat("x", 1000))
		fmt.Fprintf(&many, "---\nkind: ConfigMap\nmetadata: {name: c%03d}\ndata: {a: b}\n", i)
	}
	for name, test := range map[string]struct{ manifest, want string }{
		"a long object": {long.String(), " more lines\n"}, "many objects": {many.String(), "more objects\n"},
	} {
		all, err := Compare(nil, parsed(t, test.manifest), "shop", &Hider{})
		if err != nil {
			t.Fatal(err)
		}
		text, truncated := Write(all)
		if !truncated || len(text) > mostDiff+mostOfLine+100 || !strings.HasSuffix(text, test.want) {
			t.Errorf("%s: %d bytes, truncated %v, ends with %q", name, len(text), truncated, text[max(0, len(text)-40):])
		}
	}
	if _, truncated := Write([]Difference{{Sign: "~", Heading: "ConfigMap/a", Lines: []string{"+ a: b"}}}); truncated {
		t.Error("a short diff is called truncated")
	}
}

// A Secret in a List is one, and so is one that is none any more.
func TestSecretsInDisguise(t *testing.T) {
	const plain = "kind: ConfigMap\nmetadata: {name: a}\ndata: {x: hunter2}\n"
	for name, manifests := range map[string][2]string{
		"list":        {"", "kind: List\nitems:\n- kind: Secret\n  metadata: {name: a}\n  data: {x: hunter2}\n"},
		"secret list": {"", "kind: SecretList\nitems:\n- metadata: {name: a}\n  data: {x: hunter2}\n"},
		"no map":      {"", "kind: Secret\nmetadata: {name: a}\ndata: hunter2\n"},
		"nested":      {"kind: Secret\nmetadata: {name: a}\ndata: {x: [hunter2]}\n", "kind: Secret\nmetadata: {name: a}\ndata: {x: {y: hunter2}}\n"},
		"number":      {"", "kind: Secret\nmetadata: {name: a}\nstringData: {x: 48150162342}\n"},
		"applied":     {"", "kind: Secret\nmetadata: {name: a, annotations: {kubectl.kubernetes.io/last-applied-configuration: hunter2}}\n"},
	} {
		text := diffOf(t, manifests[0], manifests[1])
		if strings.Contains(text, "hunter2") || strings.Contains(text, "48150162342") || text == "" {
			t.Errorf("%s:\n%s", name, text)
		}
	}
	if text := diffOf(t, "", plain); !strings.Contains(text, "hunter2") {
		t.Errorf("what is no secret is Hidden:\n%s", text)
	}
}

func secretManifest(name, value string) string {
	quoted, _ := json.Marshal(value)
	return fmt.Sprintf(`kind: Secret
metadata: {name: s}
stringData: {plain: %[1]s, other: {deep: [%[1]s]}}
data: {x: %[1]s}
---
kind: Deployment
metadata: {name: d}
spec: {env: [{name: %[2]s, value: %[1]s}], apiToken: %[1]s}
`, quoted, name)
}

// FuzzDiffHidesSecrets: of secrets a diff shows whether they changed and nothing
// else. So it is the same text, letter by letter, whatever they are.
func FuzzDiffHidesSecrets(f *testing.F) {
	f.Add("hunter2", "hunter3")
	f.Add("same", "same")
	f.Add("", "x")
	f.Add("line\nline: {\n---\nkind: ConfigMap", "\x00\u2028'\"")
	f.Add("password: a", "(hidden)")
	f.Fuzz(func(t *testing.T, was, is string) {
		was, is = strings.ToValidUTF8(was, "?"), strings.ToValidUTF8(is, "?")
		for _, value := range []string{was, is} {
			if _, err := Parse(secretManifest("X", value), "shop", ""); err != nil {
				t.Skip() // what YAML has no way to write
			}
		}
		other := "one"
		if was != is {
			other = "two"
		}
		got := diffOf(t, secretManifest("DB_PASSWORD", was), secretManifest("DB_PASSWORD", is)+"---\nkind: Service\n")
		want := diffOf(t, secretManifest("DB_PASSWORD", "one"), secretManifest("DB_PASSWORD", other)+"---\nkind: Service\n")
		if got != want {
			t.Errorf("secrets %q and %q are seen:\n%s\nwant:\n%s", was, is, got, want)
		}
	})
}

// FuzzKnownSecretsAreHidden: a secret that was met stands in no text, in none of
// its forms.
func FuzzKnownSecretsAreHidden(f *testing.F) {
	f.Add("hunter2", "the server says %s here")
	f.Add("two words", "%s%s")
	f.Add("hidden", "%s")
	f.Add("a\nlonger secret", "%s")
	f.Fuzz(func(t *testing.T, secret, text string) {
		if len(secret) < leastSecret || strings.Contains(Hidden, secret) {
			t.Skip()
		}
		h := &Hider{}
		h.Add(secret)
		h.AddSecrets([]Object{{Kind: "Secret", Body: map[string]any{"data": map[string]any{"x": "aHVudGVyMzM="}}}})
		said := h.Text(strings.ReplaceAll(text, "%s", secret) + " hunter33 aHVudGVyMzM=")
		if strings.Contains(said, secret) && !strings.Contains(strings.ReplaceAll(said, Hidden, ""), secret) {
			t.Skip() // put together of the marks themselves
		}
		if strings.Contains(said, secret) || strings.Contains(said, "hunter33") || strings.Contains(said, "aHVudGVyMzM") {
			t.Errorf("%q stands in %q", secret, said)
		}
	})
}
