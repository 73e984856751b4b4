package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

func sampleNode(t *testing.T) *yaml.Node {
	t.Helper()
	var node yaml.Node
	if err := yaml.Load([]byte(Sample), &node); err != nil {
		t.Fatal(err)
	}
	return node.Content[0]
}

// TestSampleHasEveryKey walks the types and the sample side by side.
func TestSampleHasEveryKey(t *testing.T) {
	var walk func(path string, typ reflect.Type, node *yaml.Node)
	walk = func(path string, typ reflect.Type, node *yaml.Node) {
		if typ.Kind() == reflect.Slice && typ.Elem().Kind() == reflect.Struct && typ.Elem() != reflect.TypeFor[Secret]() {
			typ, node = typ.Elem(), node.Content[0]
		}
		if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[Secret]() {
			return
		}
		for i := range typ.NumField() {
			key := typ.Field(i).Tag.Get("yaml")
			if value := valueOf(node, key); key == "" || value == nil {
				t.Errorf("the sample has no %s", join(path, key))
			} else {
				walk(join(path, key), typ.Field(i).Type, value)
			}
		}
	}
	walk("", reflect.TypeFor[Config](), sampleNode(t))
}

// TestSampleShowsTheDefaults takes every key that may be left out away from the
// sample, and expects the same Config.
func TestSampleShowsTheDefaults(t *testing.T) {
	node := sampleNode(t)
	removed := 0
	remove := func(node *yaml.Node, key string) {
		if index := indexOf(node, key); index >= 0 {
			node.Content = append(node.Content[:index:index], node.Content[index+2:]...)
			removed++
		}
	}
	var strip func(typ reflect.Type, node *yaml.Node)
	strip = func(typ reflect.Type, node *yaml.Node) {
		for i := range typ.NumField() {
			field, key := typ.Field(i), typ.Field(i).Tag.Get("yaml")
			_, assumed := field.Tag.Lookup("default")
			switch {
			case assumed || key == "slot" || key == "replication_address" || key == "application_users" || key == "templates" || key == "values" || key == "client_names" || key == "match" || key == "regions" && typ == reflect.TypeFor[ArgoCD]() || key == "explain" || key == "insecure_allow_unauthenticated":
				remove(node, key)
			case field.Type == reflect.TypeFor[[]Region]():
				for _, element := range valueOf(node, key).Content {
					strip(field.Type.Elem(), element)
				}
			case valueOf(node, key) == nil: // the first region alone shows it
			case field.Type.Kind() == reflect.Struct && field.Type != reflect.TypeFor[Secret]():
				strip(field.Type, valueOf(node, key))
				if len(valueOf(node, key).Content) == 0 {
					remove(node, key)
				}
			}
		}
	}
	strip(reflect.TypeFor[Config](), node)
	short, err := yaml.Dump(node)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(short, lookup, readGolden)
	if err != nil {
		t.Fatalf("without the defaults the sample has problems:\n%v\n%s", err, short)
	}
	want := sample(t)
	want.Limits.ApplicationUsers, want.Alertmanager.Templates, want.Alertmanager.TLS.ClientNames = nil, nil, nil // Written out as empty lists.
	want.Deploy.ArgoCD.Regions = nil
	want.Regions[0].Kubernetes.App.Values, want.Regions[0].Kubernetes.Database.Values = nil, nil
	if !reflect.DeepEqual(c, want) {
		t.Errorf("the sample differs from the defaults\ngot  %+v\nwant %+v", c, want)
	}
	if removed < 20 {
		t.Errorf("only %d keys removed:\n%s", removed, short)
	}
}

// TestSampleSaysTheRanges holds the words of the sample to the tags.
func TestSampleSaysTheRanges(t *testing.T) {
	var walk func(typ reflect.Type)
	walk = func(typ reflect.Type) {
		for i := range typ.NumField() {
			field := typ.Field(i)
			low, high, _ := strings.Cut(field.Tag.Get("range"), "..")
			if words := low + " to " + high; low != "" && !strings.Contains(Sample, words) {
				t.Errorf("the sample does not say that %s is %s", field.Name, words)
			}
			for _, choice := range strings.Fields(field.Tag.Get("oneof")) {
				if !strings.Contains(Sample, choice) {
					t.Errorf("the sample does not say that %s can be %s", field.Name, choice)
				}
			}
			inner := field.Type
			if inner.Kind() == reflect.Slice {
				inner = inner.Elem()
			}
			if inner.Kind() == reflect.Struct && inner != reflect.TypeFor[Secret]() {
				walk(inner)
			}
		}
	}
	walk(reflect.TypeFor[Config]())
}

func valueOf(node *yaml.Node, key string) *yaml.Node {
	if index := indexOf(node, key); index >= 0 {
		return node.Content[index+1]
	}
	return nil
}

func indexOf(node *yaml.Node, key string) int {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return i
		}
	}
	return -1
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]string{
		"0B": "0B", "512B": "512B", "1KiB": "1KiB", "16MiB": "16MiB", "1024MiB": "1GiB", "1 kB": "1kB", "5MB": "5MB", "1500B": "1500B",
		"16": "no", "": "no", "B": "no", "1.5MiB": "no", "-1B": "no", "+1B": "no", "1mib": "no", "9223372036854775807GiB": "no", "8589934592GiB": "no",
	} {
		size, ok := parseSize(text)
		got := "no"
		if ok {
			got = fmt.Sprint(size)
		}
		if got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestReplicationAddressComesFromTheDSN(t *testing.T) {
	for dsn, want := range map[string]string{
		"host=db-use1 user=rapbot dbname=rap":             "db-use1:5432",
		"postgres://rapbot@[2001:db8::7]:6000/rap":        "[2001:db8::7]:6000",
		"host=/run/postgresql user=rapbot dbname=rap":     "",
		"host='-oProxyCommand=x' user=rapbot dbname=rap":  "",
		"postgres://rapbot@db-use1.example.com/rap?port=": "db-use1.example.com:5432",
	} {
		p := Postgres{DSN: dsn}
		(&decoder{}).checkReplicationAddress("", &p, false)
		if p.ReplicationAddress != want {
			t.Errorf("%s: %q, want %q", dsn, p.ReplicationAddress, want)
		}
	}
}
