package helm

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

func shop(values ...string) *site {
	s := &site{key{"us-east-1", rapbot.App}, Part{Release: "shop", Chart: Source{Path: "testdata/shop"}}, "shop", "secret", nil, make(chan struct{}, 1)}
	files := fstest.MapFS{}
	for i, text := range values {
		name := fmt.Sprintf("%d.yaml", i)
		files[name] = &fstest.MapFile{Data: []byte(text)}
		s.Values = append(s.Values, Source{FS: files, Path: name})
	}
	return s
}

// kept is a revision as Helm would keep what a draft became.
func kept(d draft) *release.Release {
	return &release.Release{Name: "shop", Namespace: "shop", Version: 1, Chart: d.chart, Config: d.set, Info: &release.Info{Status: common.StatusDeployed}}
}

func (d draft) values() map[string]string {
	out := map[string]string{}
	dotted(out, "", effective(kept(d)), false)
	return out
}

func drafted(t *testing.T, s *site, base *release.Release, sets ...string) draft {
	t.Helper()
	d, err := s.draft(base, sets)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestWhereValuesComeFrom(t *testing.T) {
	s := shop("database: {host: first, port: 5433}\nimage: {tag: v1}", "database: {host: second}")
	s.Base = map[string]any{"database": map[string]any{"host": "base", "port": 1}, "replicas": 3}
	got := drafted(t, s, nil, "image.tag=v2").values()
	want := map[string]string{"database.host": "second", "database.port": "5433", "image.tag": "v2", "replicas": "3", "image.repository": "shop"}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
}

// What was set stays through later changes; what was not follows the files.
func TestSetValuesOutliveChangedFiles(t *testing.T) {
	s := shop("database: {host: east, port: 5432}\nimage: {tag: v1}")
	first := drafted(t, s, nil, "image.tag=v1")
	failover := drafted(t, s, kept(first), "database.host=west")
	changed := shop("database: {host: elsewhere, port: 6432}\nimage: {tag: v0}")
	deploy := drafted(t, changed, kept(failover), "image.tag=v2").values()
	for name, want := range map[string]string{"database.host": "west", "database.port": "6432", "image.tag": "v2"} {
		if deploy[name] != want {
			t.Errorf("%s is %q, want %q", name, deploy[name], want)
		}
	}
	// Setting what the file says anyway is setting it.
	same := drafted(t, s, kept(failover), "database.host=east")
	if got := drafted(t, changed, kept(same)).values()["database.host"]; got != "east" {
		t.Errorf("database.host is %q, want the east that was set", got)
	}
}

// A release that helm made by hand has the values of its files among its own.
func TestReleaseMadeByHand(t *testing.T) {
	s := shop("database: {host: east, port: 5432}\nimage: {tag: v1}\npeers: [a, b]")
	byHand := kept(drafted(t, s, nil))
	byHand.Chart, _ = s.loadChart()
	byHand.Config = map[string]any{
		"database": map[string]any{"host": "west", "port": float64(5432)}, // the port as the file has it, as JSON
		"image":    map[string]any{"tag": "v1"}, "peers": []any{"a", "b"}, "token": nil,
	}
	d := drafted(t, s, byHand)
	if diff := cmp.Diff(map[string]any{"database": map[string]any{"host": "west"}}, d.set); diff != "" {
		t.Errorf("what counts as set by hand (-want +got):\n%s", diff)
	}
	changed := shop("database: {host: east, port: 6432}\nimage: {tag: v9}\npeers: [c]")
	got := drafted(t, changed, kept(d)).values()
	for name, want := range map[string]string{"database.host": "west", "database.port": "6432", "image.tag": "v9", "peers[0]": "c"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

func TestSetOneItemOfAFilesList(t *testing.T) {
	s := shop("peers: [{name: a, address: one}, {name: b, address: two}]")
	d := drafted(t, s, nil, "peers[1].address=three")
	got := d.values()
	for name, want := range map[string]string{"peers[0].name": "a", "peers[0].address": "one", "peers[1].name": "b", "peers[1].address": "three"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
}

func TestNullTakesAValueAway(t *testing.T) {
	s := shop("config: {a: x, b: stays}\ndatabase: {port: null}")
	got := drafted(t, s, nil, "config.a=null").values()
	if _, has := got["config.a"]; has || got["config.b"] != "stays" {
		t.Errorf("config: %v", got)
	}
	if _, has := got["database.port"]; has {
		t.Error("the file's null left the chart's port")
	}
}

// Numbers come back from Helm's store as floating point.
func TestWholeNumbersStayWhole(t *testing.T) {
	s := shop()
	first := kept(drafted(t, s, nil, "image.tag=20240101"))
	first.Config = map[string]any{"image": map[string]any{"tag": float64(20240101)}}
	d := drafted(t, s, first, "replicas=2")
	if tag := fmt.Sprint(d.set["image"].(map[string]any)["tag"]); tag != "20240101" {
		t.Errorf("a template would write the tag %s", tag)
	}
}

// Helm writes into the chart and the values that it is given.
func TestNothingIsSharedBetweenCalls(t *testing.T) {
	s := shop("config: {a: file}")
	s.Base = map[string]any{"peers": []any{map[string]any{"name": "a"}}}
	one, two := drafted(t, s, nil), drafted(t, s, nil)
	one.chart.Values["replicas"] = 7
	one.chart.Values["config"].(map[string]any)["a"] = "changed"
	one.chart.Values["peers"].([]any)[0].(map[string]any)["name"] = "changed"
	if two.chart == one.chart || two.values()["config.a"] != "file" || two.values()["peers[0].name"] != "a" || two.values()["replicas"] != "1" {
		t.Errorf("a second call sees %v", two.values())
	}
	if s.Base["peers"].([]any)[0].(map[string]any)["name"] != "a" {
		t.Error("the configuration was changed")
	}
}

func TestBadSet(t *testing.T) {
	for text, want := range map[string]string{
		"imagetag":                   `What is to be set, "imagetag", cannot be read: key "imagetag" has no value. Nothing was changed.`,
		"":                           `it names no value`,
		"a[b]=1":                     `error parsing index`,
		"image.repository.x=1":       `a part of the name stands for a single value, which has no parts`,
		"peers[70000]=1":             `index of 70000 is greater than maximum supported index`,
		"a=1,b":                      `key "b" has no value`,
		"database.password=one,two2": `What is to be set, "database.password", cannot be read: it is not of that form.`,
	} {
		_, err := shop().draft(nil, []string{text})
		if rapbot.ErrorCode(err) != rapbot.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "two2") {
			t.Errorf("the error repeats a part of the password: %v", err)
		}
	}
}

func TestChartThatCannotBeRead(t *testing.T) {
	for name, s := range map[string]*site{
		"no chart":  {Part: Part{Release: "shop", Chart: Source{Path: "testdata/nothing"}}},
		"no FS":     {Part: Part{Release: "shop", Chart: Source{FS: fstest.MapFS{}, Path: "."}}},
		"no values": {Part: Part{Release: "shop", Chart: Source{Path: "testdata/shop"}, Values: []Source{{Path: "testdata/nothing.yaml"}}}},
		"no YAML":   shop("password: hunter2\n\tx: ["),
		"a list":    shop("- hunter2"),
	} {
		_, err := s.draft(nil, nil)
		if rapbot.ErrorCode(err) != rapbot.Invalid {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: the error repeats the file: %v", name, err)
		}
	}
}

// A chart from an fs.FS is the chart from its folder.
func TestChartFromAFileSystem(t *testing.T) {
	disk := drafted(t, shop(), nil)
	for _, source := range []Source{{FS: os.DirFS("testdata"), Path: "shop"}, {FS: mustSub(t, "testdata/shop")}} {
		s := shop()
		s.Chart = source
		got := drafted(t, s, nil)
		if diff := cmp.Diff(files(disk), files(got)); diff != "" {
			t.Errorf("(-folder +file system):\n%s", diff)
		}
	}
	for _, f := range disk.chart.Raw {
		if f.Name == "notes-of-ours.txt" {
			t.Error(".helmignore was not heeded")
		}
	}
}

func mustSub(t *testing.T, dir string) fs.FS {
	t.Helper()
	sub, err := fs.Sub(os.DirFS("."), dir)
	if err != nil {
		t.Fatal(err)
	}
	return sub
}

func files(d draft) map[string]string {
	out := map[string]string{}
	for _, f := range d.chart.Raw {
		out[f.Name] = string(f.Data)
	}
	return out
}

func TestDottedNames(t *testing.T) {
	got := map[string]string{}
	dotted(got, "", map[string]any{
		"image": map[string]any{"tag": "v2"}, "replicas": int64(3), "ratio": 0.5, "on": true, "none": nil,
		"nodeSelector": map[string]any{"topology.kubernetes.io/zone": "a"}, "list": []any{"x", map[string]any{"y": 1}},
		"superuser": map[string]any{"existingSecret": "pg", "password": "hunter2"}, "tokens": []any{"hunter2"},
		"tls": map[string]any{"secretName": "tls"},
	}, false)
	want := map[string]string{
		"image.tag": "v2", "replicas": "3", "ratio": "0.5", "on": "true", `nodeSelector.topology\.kubernetes\.io/zone`: "a",
		"list[0]": "x", "list[1].y": "1", "superuser.existingSecret": "pg", "superuser.password": manifest.Hidden, "tokens[0]": manifest.Hidden, "tls.secretName": "tls",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
