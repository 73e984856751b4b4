package charts

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

// The charts' names, and the namespace of the guide.
const (
	app        = "rap-analyzer"
	postgresql = "postgresql"
	bot        = "rapbot"
	namespace  = "rap-analyzer"
)

// shipped are the charts that there are.
var shipped = []string{app, postgresql, bot}

// loadChart loads a chart from what is embedded, so that what is embedded is known to be whole. It is loaded anew each time: rendering writes to it.
func loadChart(t *testing.T, name string) *chart.Chart {
	t.Helper()
	var files []*archive.BufferedFile
	err := fs.WalkDir(FS, name, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := FS.ReadFile(path)
		files = append(files, &archive.BufferedFile{Name: strings.TrimPrefix(path, name+"/"), Data: text})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := loader.LoadFiles(files)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// valuesOf merges values files, given as YAML, the later ones over the earlier.
func valuesOf(t *testing.T, files ...string) map[string]any {
	t.Helper()
	all := map[string]any{}
	for _, text := range files {
		values, err := loader.LoadValues(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		all = loader.MergeMaps(all, values)
	}
	return all
}

// templates renders a chart as a first installation does, and gives the files.
func templates(t *testing.T, name string, files ...string) (map[string]string, error) {
	t.Helper()
	loaded := loadChart(t, name)
	values, err := util.ToRenderValues(loaded, valuesOf(t, files...), common.ReleaseOptions{Name: name + "-x", Namespace: namespace, Revision: 1, IsInstall: true}, common.DefaultCapabilities)
	if err != nil {
		return nil, err
	}
	return engine.Render(loaded, values)
}

// objects are what a chart makes, by kind and name.
type objects map[string]runtime.Object

var strict = serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()

// render renders a chart and decodes each object into the type that the API server has for it. A field that the type has not is an error,
// and so is a field that is given twice.
func render(t *testing.T, name string, files ...string) objects {
	t.Helper()
	rendered, err := templates(t, name, files...)
	if err != nil {
		t.Fatal(err)
	}
	all := objects{}
	for _, path := range slices.Sorted(maps.Keys(rendered)) {
		if strings.HasSuffix(path, ".yaml") {
			decode(t, path, rendered[path], all)
		}
	}
	if len(all) == 0 {
		t.Fatalf("%s makes nothing", name)
	}
	return all
}

// decode adds the objects of a file.
func decode(t *testing.T, path, text string, all objects) {
	t.Helper()
	documents := utilyaml.NewDocumentDecoder(io.NopCloser(strings.NewReader(text)))
	defer documents.Close()
	for {
		document := make([]byte, len(text)+1)
		n, err := documents.Read(document)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		document = document[:n]
		if len(bytes.TrimSpace(withoutComments(document))) == 0 {
			continue
		}
		var head struct {
			Kind     string
			Metadata struct{ Name string }
		}
		if err := yaml.Unmarshal(document, &head); err != nil {
			t.Fatalf("%s: %v in\n%s", path, err, document)
		}
		object, err := decodeOne(head.Kind, document)
		if err != nil {
			t.Fatalf("%s: %s %s: %v\n%s", path, head.Kind, head.Metadata.Name, err, document)
		}
		key := head.Kind + "/" + head.Metadata.Name
		if all[key] != nil {
			t.Fatalf("%s: %s is there twice", path, key)
		}
		all[key] = object
	}
}

func withoutComments(document []byte) []byte {
	var out []byte
	for line := range bytes.Lines(document) {
		if trimmed := bytes.TrimSpace(line); !bytes.HasPrefix(trimmed, []byte("#")) && !bytes.Equal(trimmed, []byte("---")) {
			out = append(out, line...)
		}
	}
	return out
}

func decodeOne(kind string, document []byte) (runtime.Object, error) {
	if custom := customKinds[kind]; custom != nil {
		object := custom()
		return object, yaml.UnmarshalStrict(document, object)
	}
	object, _, err := strict.Decode(document, nil, nil)
	return object, err
}

// get returns an object of the type that is asked for.
func get[T any](t *testing.T, all objects, key string) T {
	t.Helper()
	object, is := all[key].(T)
	if !is {
		t.Fatalf("there is no %s among %s", key, slices.Sorted(maps.Keys(all)))
	}
	return object
}

// text is an object as YAML.
func text(object any) string {
	out, err := yaml.Marshal(object)
	if err != nil {
		return fmt.Sprint(err)
	}
	return string(out)
}
