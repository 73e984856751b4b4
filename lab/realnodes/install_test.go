package realnodes

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rap-analyzer/rapbot/lab/install"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// firstInstallation does by Helm alone what /rap deploy --all does: the primary, which has nobody to ask for leave yet, and then the replicas
// and the application.
func firstInstallation(t *testing.T, f *Fleet) map[string]time.Duration {
	t.Helper()
	took := map[string]time.Duration{}
	began := time.Now()
	lone := filepath.Join(f.Dir, "lone.yaml")
	if err := os.WriteFile(lone, []byte("gate: {quorum: 0}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	first := f.Regions()[0]
	if err := put(ctx, first, Namespace, databaseChart, databaseChart+"-"+first.Name, append(f.Values(databaseChart, first.Name), lone)...); err != nil {
		t.Fatal(err)
	}
	took["primary ready"] = time.Since(began)
	var all errgroup.Group
	for _, r := range f.Regions()[1:] {
		all.Go(func() error {
			return put(ctx, r, Namespace, databaseChart, databaseChart+"-"+r.Name, f.Values(databaseChart, r.Name)...)
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	took["replicas ready"] = time.Since(began)
	for _, r := range f.Regions() {
		all.Go(func() error {
			return put(ctx, r, Namespace, appChart, appChart+"-"+r.Name, f.Values(appChart, r.Name)...)
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	took["application ready"] = time.Since(began)
	return took
}

// TestInstall installs the charts by Helm alone, without rapbot: the regions stream, and the application writes.
func TestInstall(t *testing.T) {
	lab := start(t)
	f, err := lab.HandOver(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{T: t, Fleet: f, rows: lab.Collect(), gone: map[string]bool{}}
	t.Cleanup(s.rows.Close)
	began := time.Now()
	for _, r := range lab.Regions() {
		t.Logf("%s: %v", r.Name, r.Took)
	}
	t.Log(firstInstallation(t, f))
	s.whole()
	t.Logf("one primary with two replicas after %s", time.Since(began).Round(100*time.Millisecond))
	s.writes(20, since(time.Now()))
	t.Log(lab.Memory())
	if lost := s.newlyLost(Names[0]); len(lost) > 0 {
		t.Errorf("%d acknowledged rows are not there", len(lost))
	}
	if err := lab.WAN.Isolate(Names[0], true); err != nil {
		t.Fatal(err)
	}
	cut := time.Now()
	err = wait.Until(s.within(2*time.Minute), 50*time.Millisecond, func() bool {
		gate, err := f.Gate(lab.Regions()[0])
		s.must(err)
		return strings.HasPrefix(gate, "held") || strings.HasPrefix(gate, "stopping")
	})
	if err != nil {
		t.Fatal("a primary that is cut off from everybody does not stop itself")
	}
	t.Logf("the primary stops itself %s after it was cut off", time.Since(cut).Round(100*time.Millisecond))
	s.must(lab.WAN.Isolate(Names[0], false))
	if primary := s.whole(); primary != Names[0] {
		t.Errorf("the primary is %s", primary)
	}
}

// put installs a chart in a region by Helm, and explains what keeps it from being ready.
func put(ctx context.Context, r *Region, namespace, chart, release string, files ...string) error {
	if err := install.Chart(ctx, r.Config, namespace, chart, release, files...); err != nil {
		return fmt.Errorf("%s: %w\n%s", r.Name, err, r.Explain(context.WithoutCancel(ctx), namespace))
	}
	return nil
}
