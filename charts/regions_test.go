package charts

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"text/template"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

var regions = []string{"us-east-1", "us-west-2", "eu-west-1"}

func regionFile(t *testing.T, name string) string {
	t.Helper()
	text, err := FS.ReadFile("multi-region/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The shipped values of the three regions are those of one fleet.
func TestRegions(t *testing.T) {
	type server struct {
		Region, Role, Name, Slot string
		Epoch                    int
		Slots                    []string
		Primary                  struct {
			Host string
			Port int
		}
		Peers []struct{ Name, Address string }
	}
	addresses := map[string]string{}
	servers := map[string]server{}
	for _, region := range regions {
		var s server
		if err := yaml.Unmarshal([]byte(regionFile(t, "postgresql-"+region+".yaml")), &s); err != nil {
			t.Fatal(err)
		}
		if s.Region != region || s.Name != "postgresql-"+s.Role || fmt.Sprint(s.Slots) != "[use1 usw2 euw1]" || s.Epoch != 1 {
			t.Errorf("%s: %+v", region, s)
		}
		servers[region] = s
		for _, peer := range s.Peers {
			if known := addresses[peer.Name]; known != "" && known != peer.Address {
				t.Errorf("%s is %s and %s", peer.Name, known, peer.Address)
			}
			addresses[peer.Name] = peer.Address
		}
		hangsTogether(t, render(t, postgresql, regionFile(t, "postgresql-"+region+".yaml")))
	}
	for region, s := range servers {
		if len(s.Peers) != 2 || addresses[region] == "" {
			t.Errorf("%s has the peers %v", region, s.Peers)
		}
		if (s.Role == "primary") != (region == "us-east-1") || fmt.Sprintf("%s:%d", s.Primary.Host, s.Primary.Port) != addresses["us-east-1"] {
			t.Errorf("%s is a %s of %v", region, s.Role, s.Primary)
		}
		values := regionFile(t, "values-"+region+".yaml")
		told := settings(t, values)
		wants(t, told, map[string]string{"REGION": region, "ZONE": s.Role, "DATABASE_HOST": s.Primary.Host, "GDPR_ENABLED": fmt.Sprint(region == "eu-west-1")})
		hangsTogether(t, render(t, app, values))
	}
	wants(t, settings(t, regionFile(t, "values-eu-west-1.yaml")), map[string]string{"GDPR_DATA_RETENTION": "2 years", "GDPR_ANONYMIZATION": "true", "GDPR_RIGHT_TO_FORGET": "true"})
}

// The ApplicationSet installs what the values files say, in each region the version of its element, which stands nowhere else.
func TestApplicationSet(t *testing.T) {
	all := objects{}
	decode(t, "applicationset.yaml", regionFile(t, "applicationset.yaml"), all)
	set := get[*applicationSet](t, all, "ApplicationSet/rap-analyzer")
	elements := set.Spec.Generators[0].List.Elements
	if len(elements) != len(regions) || !set.Spec.GoTemplate {
		t.Fatalf("elements %v", elements)
	}
	for i, element := range elements {
		region := regions[i]
		var one struct{ Spec application }
		filled := fill(t, text(set.Spec.Template), element)
		if err := yaml.Unmarshal([]byte(filled), &one); err != nil {
			t.Fatal(err)
		}
		source := one.Spec.Source
		if source.Path != "charts/rap-analyzer" || source.Helm.ReleaseName != "rap-analyzer-"+region || one.Spec.Destination.Name != region || one.Spec.Destination.Namespace != namespace {
			t.Errorf("%s: %+v", region, one.Spec)
		}
		files := []string{regionFile(t, strings.TrimPrefix(source.Helm.ValueFiles[1], "../multi-region/"))}
		if got := deployment(t, files...).Spec.Template.Spec.Containers[0].Image; got != "rap-analyzer:2.0.0" {
			t.Errorf("the values of %s have a version of their own: %s", region, got)
		}
		element["version"] = "9.9.9"
		if err := yaml.Unmarshal([]byte(fill(t, text(set.Spec.Template), element)), &one); err != nil {
			t.Fatal(err)
		}
		for _, p := range one.Spec.Source.Helm.Parameters {
			files = append(files, nested(p.Name, p.Value))
		}
		made := render(t, app, files...)
		if got := get[*appsv1.Deployment](t, made, "Deployment/rap-analyzer").Spec.Template.Spec.Containers[0].Image; got != "rap-analyzer:9.9.9" {
			t.Errorf("%s runs %s", region, got)
		}
		wants(t, get[*corev1.ConfigMap](t, made, "ConfigMap/rap-analyzer-config").Data, map[string]string{"REGION": region, "ZONE": element["zone"], "DATABASE_HOST": element["databaseHost"]})
	}
	if got := fmt.Sprint(set.Spec.Template.Spec.IgnoreDifferences); !strings.Contains(got, "/spec/replicas") || !strings.Contains(text(set), "RespectIgnoreDifferences=true") {
		t.Error("Argo CD scales up again what rapbot scales to nothing")
	}
}

// fill puts an element in as Argo CD does.
func fill(t *testing.T, words string, element map[string]string) string {
	t.Helper()
	page, err := template.New("").Option("missingkey=error").Parse(words)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := page.Execute(&out, element); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// nested turns a dotted name and its value into YAML.
func nested(name, value string) string {
	out := fmt.Sprintf("%q", value)
	parts := strings.Split(name, ".")
	for i := len(parts) - 1; i >= 0; i-- {
		out = "{" + parts[i] + ": " + out + "}"
	}
	return out
}
