package deploy

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// paper is a fleet on paper: what is written down is what is so.
type paper struct {
	rapbot.Workloads
	clusters []rapbot.Cluster
	releases map[target]rapbot.Release
	fault    map[target]error
	applied  []rapbot.Change
}

func (p *paper) Clusters() []rapbot.Cluster                       { return p.clusters }
func (p *paper) ObserveClusters(context.Context) []rapbot.Cluster { return p.clusters }
func (p *paper) ObserveCluster(_ context.Context, region string) rapbot.Cluster {
	for _, c := range p.clusters {
		if c.Region == region {
			return c
		}
	}
	return rapbot.Cluster{}
}

func (p *paper) Release(_ context.Context, region string, part rapbot.Part) (rapbot.Release, error) {
	r, ok := p.releases[target{region, part}]
	if !ok {
		return r, rapbot.Refuse(rapbot.NotFound, "There is no release.", "")
	}
	return r, nil
}

func (p *paper) History(ctx context.Context, region string, part rapbot.Part, _ int) ([]rapbot.Release, error) {
	r, err := p.Release(ctx, region, part)
	return []rapbot.Release{r}, err
}

func (p *paper) Values(context.Context, string, rapbot.Part) (map[string]string, error) {
	return map[string]string{"autoscaling.enabled": "true"}, nil
}

func (p *paper) Preview(_ context.Context, c rapbot.Change) (rapbot.Preview, error) {
	at := target{c.Region, c.Part}
	if err := p.fault[at]; err != nil {
		return rapbot.Preview{}, err
	}
	v := rapbot.Preview{Release: p.releases[at], Version: "v2", Digest: strings.Join(c.Set, " "), Objects: 2, Diff: "+ all of it\n"}
	return v, nil
}

func (p *paper) PreviewRollBack(ctx context.Context, region string, part rapbot.Part, _ int) (rapbot.Preview, error) {
	return p.Preview(ctx, rapbot.Change{Region: region, Part: part})
}

func (p *paper) Apply(_ context.Context, c rapbot.Change) (rapbot.Release, error) {
	p.applied = append(p.applied, c)
	r := p.releases[target{c.Region, c.Part}]
	r.Revision++
	p.releases[target{c.Region, c.Part}] = r
	return r, nil
}

func (p *paper) RollBack(_ context.Context, region string, part rapbot.Part, _ int) (rapbot.Release, error) {
	return p.releases[target{region, part}], nil
}

var names = []string{"us-east-1", "us-west-2", "eu-west-1"}

// empty is a fleet where nothing is installed.
func empty() *paper {
	p := &paper{releases: map[target]rapbot.Release{}, fault: map[target]error{}}
	for _, n := range names {
		p.clusters = append(p.clusters, rapbot.Cluster{Region: n, At: noon, Answered: true, LastAnswer: noon})
	}
	return p
}

// serving is a fleet in which everything runs v1.
func serving() *paper {
	p := empty()
	for i, n := range names {
		ready := rapbot.Workload{Found: true, Version: "v1", Desired: 3, Ready: 3, Updated: 3, Settled: true}
		p.clusters[i].App, p.clusters[i].Database = ready, ready
		for _, part := range []rapbot.Part{rapbot.App, rapbot.Database} {
			p.releases[target{n, part}] = rapbot.Release{Region: n, Part: part, Name: string(part), Version: "v1", Revision: 4, Status: deployed}
		}
	}
	return p
}

func deployer(p *paper) *Deployer {
	return New(Ports{Clusters: p, Workloads: p, Releases: p, Topology: func() rapbot.Topology { return rapbot.Topology{} }, Now: func() time.Time { return noon }},
		Settings{Timeout: time.Minute, GiveUp: time.Second, Soak: time.Second, Deadline: time.Second, Primary: "us-west-2", MaxChanges: 100})
}

func titles(p rapbot.Plan) []string {
	var out []string
	for _, s := range p.Steps {
		out = append(out, s.Title)
	}
	return out
}

// A first installation begins with the primary's database and ends with the
// applications; the primary may start alone at first, and only then.
func TestInstall(t *testing.T) {
	p, err := deployer(empty()).Plan(t.Context(), rapbot.Wish{Kind: rapbot.Deploy, Version: "v2", Install: true}, rapbot.Topology{At: noon})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Install PostgreSQL in us-west-2", "Install PostgreSQL in us-east-1", "Install PostgreSQL in eu-west-1",
		"Let PostgreSQL in us-west-2 start only with a majority from now on",
		"Install the application in us-west-2", "Install the application in us-east-1", "Install the application in eu-west-1",
	}
	if got := titles(p); !slices.Equal(got, want) {
		t.Errorf("steps: %q", got)
	}
	if !slices.Equal(p.Steps[0].Set, []string{"gate.quorum=0"}) || !slices.Equal(p.Steps[3].Set, []string{"gate.quorum="}) {
		t.Errorf("the quorum: %q, then %q", p.Steps[0].Set, p.Steps[3].Set)
	}
	if !p.Runnable() || !strings.Contains(p.Steps[0].Undo, "data are kept") {
		t.Errorf("%+v, undo %q", p.ChecksWith(rapbot.Fail), p.Steps[0].Undo)
	}
}

// Nothing of a database that is there is changed by it.
func TestInstallLeavesDatabases(t *testing.T) {
	fleet := serving()
	p, err := deployer(fleet).Plan(t.Context(), rapbot.Wish{Kind: rapbot.Deploy, Version: "v2", Install: true}, rapbot.Topology{At: noon})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range p.Steps {
		if s.Part == rapbot.Database {
			t.Errorf("a step for a database that is there: %s", s.Title)
		}
	}
}

func TestOneRegionDoesNotAnswer(t *testing.T) {
	fleet := serving()
	fleet.clusters[2].Answered, fleet.clusters[2].Fault = false, "no answer in 2 s"
	p, err := deployer(fleet).Plan(t.Context(), rapbot.Wish{Kind: rapbot.Deploy, Version: "v2"}, rapbot.Topology{At: noon})
	if err != nil || p.Runnable() {
		t.Fatalf("%v, %+v", err, p.Checks)
	}
	p, err = deployer(fleet).Plan(t.Context(), rapbot.Wish{Kind: rapbot.Deploy, Version: "v2", Regions: "us-west-2 us-east-1"}, rapbot.Topology{At: noon})
	if err != nil || !p.Runnable() {
		t.Errorf("without that region: %v, %+v", err, p.ChecksWith(rapbot.Fail))
	}
}

// What an approval rests upon is the revision and the manifests (R2).
func TestDigestCoversManifests(t *testing.T) {
	wish := rapbot.Wish{Kind: rapbot.Deploy, Version: "v2"}
	plan := func(change func(*paper)) rapbot.Plan {
		fleet := serving()
		change(fleet)
		p, err := deployer(fleet).Plan(t.Context(), wish, rapbot.Topology{At: noon})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	same := plan(func(*paper) {})
	if again := plan(func(*paper) {}); same.Digest() != again.Digest() {
		t.Error("the same plan has another digest")
	}
	moved := plan(func(f *paper) {
		r := f.releases[target{"eu-west-1", rapbot.App}]
		r.Revision++
		f.releases[target{"eu-west-1", rapbot.App}] = r
	})
	if got := same.Difference(moved); !strings.Contains(got, "app of eu-west-1 was revision 4 and is now revision 5") {
		t.Errorf("the difference: %q", got)
	}
}

// A release that somebody upgraded after the approval is not upgraded over.
func TestForeignRevision(t *testing.T) {
	fleet := serving()
	d := deployer(fleet)
	p, err := d.Plan(t.Context(), rapbot.Wish{Kind: rapbot.Deploy, Version: "v2"}, rapbot.Topology{At: noon})
	if err != nil {
		t.Fatal(err)
	}
	run := rapbot.StepRun{Operation: "1", Plan: p, Step: p.Steps[0]}
	r := fleet.releases[target{run.Step.Region, rapbot.App}]
	r.Revision++
	fleet.releases[target{run.Step.Region, rapbot.App}] = r
	if err := d.Doers()[rapbot.StepUpgrade].Act(t.Context(), run); rapbot.ErrorCode(err) != rapbot.Stale || len(fleet.applied) > 0 {
		t.Errorf("%v, applied %+v", err, fleet.applied)
	}
}

// Where an autoscaler decides, it is told the least.
func TestScaleWithAutoscaler(t *testing.T) {
	p, err := deployer(serving()).Plan(t.Context(), rapbot.Wish{Kind: rapbot.Scale, Region: "eu-west-1", Pods: 5}, rapbot.Topology{At: noon})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(p.Steps[0].Set, []string{"replicaCount=5", "autoscaling.minReplicas=5"}) {
		t.Errorf("%q", p.Steps[0].Set)
	}
}

// What was taken back is not gone back to, however often that happened.
func TestEarlierVersion(t *testing.T) {
	r := func(revision int, version, words string) rapbot.Release {
		return rapbot.Release{Revision: revision, Version: version, Status: "superseded", Words: words}
	}
	up := "Upgrade complete"
	for name, tt := range map[string]struct {
		history []rapbot.Release // newest first
		want    int
	}{
		"the one before":                {[]rapbot.Release{r(2, "v2", up), r(1, "v1", up)}, 1},
		"a change of values between":    {[]rapbot.Release{r(3, "v2", up), r(2, "v2", up), r(1, "v1", up)}, 1},
		"one that was taken back":       {[]rapbot.Release{r(4, "v2", "Rollback to 2"), r(3, "v3", up), r(2, "v2", up), r(1, "v1", up)}, 1},
		"two that were taken back":      {[]rapbot.Release{r(6, "v2", "Rollback to 4"), r(5, "v4", up), r(4, "v2", "Rollback to 2: it was cut off"), r(3, "v3", up), r(2, "v2", up), r(1, "v1", up)}, 1},
		"taken back long ago":           {[]rapbot.Release{r(5, "v3", up), r(4, "v1", "Rollback to 1"), r(3, "v2", up), r(1, "v1", up)}, 1},
		"forgotten by Helm":             {[]rapbot.Release{r(14, "v2", "Rollback to 2"), r(13, "v3", up)}, 0},
		"nothing else":                  {[]rapbot.Release{r(2, "v1", up), r(1, "v1", up)}, 0},
		"nothing":                       {nil, 0},
		"nothing but what was not good": {[]rapbot.Release{r(3, "v1", "Rollback to 1"), r(2, "v2", up), r(1, "v1", up)}, 0},
	} {
		if got, _ := earlier(tt.history); got.Revision != tt.want {
			t.Errorf("%s: revision %d, want %d", name, got.Revision, tt.want)
		}
	}
}
