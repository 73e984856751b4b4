package realnodes

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

var (
	real  = flag.Bool("regions", false, "start the regions: needs root, and what Lacks says")
	image = flag.Bool("image", false, "with -regions: build rapbot's image by the Dockerfile")
)

func TestMain(m *testing.M) {
	if !Within() {
		flag.Parse()
		if !*real {
			os.Exit(m.Run())
		}
	}
	os.Exit(Main(prepare, m.Run))
}

// prepare says why it cannot when it cannot, and then nothing counts as passed.
func prepare(r *Run) error {
	if lacks := Lacks(); len(lacks) > 0 {
		return fmt.Errorf("NOT RUN: there can be no real nodes on this machine:\n  - %s", strings.Join(lacks, "\n  - "))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := r.Prepare(ctx, Wants{BotImage: *image}, os.Stderr); err != nil {
		return fmt.Errorf("NOT RUN: %w", err)
	}
	return nil
}

// start gives a test the regions; without -regions it is skipped, which make test-regions never does.
func start(t *testing.T) *Lab {
	t.Helper()
	if !*real {
		t.Skip("make test-regions runs this")
	}
	lab, err := Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := lab.Close(); err != nil {
			t.Error(err)
		}
	})
	return lab
}
