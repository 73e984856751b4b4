package realnodes

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rap-analyzer/rapbot/lab/kubernetes/binary"
)

// provisions are what a run needs from outside its namespaces, where nothing can be downloaded.
type provisions struct {
	Cluster string   // the program of lab/cluster
	Node    string   // the program of lab/cluster/node
	Tools   string   // the unpacked packages
	Images  []string // archives
	Rapbot  string   // the program
	Bot     string   // the archive of rapbot's image; empty when it was not asked for
}

// Wants says what a run needs besides the regions.
type Wants struct {
	BotImage bool // rapbot's image, by the checkout's Dockerfile
}

func (r *Run) provisionsFile() string { return filepath.Join(r.Dir, "provisions.json") }

func (r *Run) provisions() (p provisions, err error) {
	text, err := os.ReadFile(r.provisionsFile())
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	return p, err
}

// Prepare makes what a run needs. What is made once per machine is in the user's cache folder.
func (r *Run) Prepare(ctx context.Context, wants Wants, progress io.Writer) error {
	began := time.Now()
	tell := func(words string) { fmt.Fprintf(progress, "[%4.0fs] %s\n", time.Since(began).Seconds(), words) }
	var p provisions
	checkout, err := findCheckout(ctx)
	if err != nil {
		return err
	}
	tell("Debian's containerd, runc, network plugins and nftables")
	if p.Tools, err = unpack(ctx, "node-packages", nodePackages); err != nil {
		return err
	}
	tell("Kubernetes")
	if p.Cluster, err = binary.Kubernetes.FindOrBuild(ctx, progress); err != nil {
		return err
	}
	if p.Node, err = binary.Node.FindOrBuild(ctx, progress); err != nil {
		return err
	}
	tell("images")
	if p.Images, err = r.makeImages(ctx, checkout); err != nil {
		return err
	}
	tell("rapbot")
	p.Rapbot = filepath.Join(r.Dir, "rapbot")
	if err := goBuild(ctx, checkout, p.Rapbot, "./cmd/rapbot"); err != nil {
		return err
	}
	if wants.BotImage {
		tell("the image of rapbot, by a Docker engine: some minutes")
		if p.Bot, err = r.buildBot(ctx, checkout, p.Tools, progress); err != nil {
			return err
		}
	}
	tell("prepared")
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(r.provisionsFile(), text, 0o600)
}

// makeImages makes the archives of all images.
func (r *Run) makeImages(ctx context.Context, checkout string) (archives []string, err error) {
	dir := filepath.Join(r.Dir, "images")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	server, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	database, err := postgres(server, PostgresTag)
	if err != nil {
		return nil, err
	}
	pause, err := static(ctx, dir, checkout, "./lab/realnodes/pause", pauseImage)
	if err != nil {
		return nil, err
	}
	app, err := static(ctx, dir, checkout, "./lab/workload", appImage+AppTag)
	if err != nil {
		return nil, err
	}
	for _, image := range []Image{database, pause, app} {
		archive := filepath.Join(dir, fmt.Sprintf("%d.tar", len(archives)))
		if err := image.write(archive); err != nil {
			return nil, err
		}
		archives = append(archives, archive)
	}
	return archives, nil
}

// findCheckout needs the checkout's folder or one below it as the working folder.
func findCheckout(ctx context.Context) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/rap-analyzer/rapbot").Output()
	if err != nil {
		return "", fmt.Errorf("find the checkout: run this inside it, with go in PATH: %w", err)
	}
	return strings.TrimSpace(string(root)), nil
}

// The tags of the images.
const (
	PostgresTag = "lab"
	AppTag      = "v1"
)

// postgresPrograms is the folder of the newest PostgreSQL server of this machine's packages.
func postgresPrograms() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("there is no PostgreSQL in /usr/lib/postgresql: apt-get install postgresql")
	}
	return filepath.Dir(found[len(found)-1]), nil
}
