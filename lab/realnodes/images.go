package realnodes

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The names under which the charts and containerd ask for images.
const (
	pauseImage    = "registry.k8s.io/pause:3.10.1"
	postgresImage = "docker.io/library/postgres:"
	appImage      = "docker.io/library/rap-analyzer:"
	botImage      = "ghcr.io/rap-analyzer/rapbot:"
)

// shellTools are what the scripts of the chart postgresql call, and what a person wants who looks into its pod.
var shellTools = strings.Fields("sh awk basename cat chmod cp cut date dirname du env expr false find flock grep head id ls mkdir mktemp mv ps " +
	"readlink rm rmdir sed setsid sleep sort stat sync tail test timeout touch tr true uname wc")

// postgres is an image of the PostgreSQL that is installed on this machine, with the user that the official image has.
func postgres(bin, tag string) (Image, error) {
	tools, err := programs(shellTools...)
	if err != nil {
		return Image{}, err
	}
	home := filepath.Dir(bin)
	major := filepath.Base(home)
	all := append(tools, rootLinks()...)
	for _, from := range []string{bin, filepath.Join(home, "lib"), "/usr/share/postgresql/" + major, "/usr/share/zoneinfo"} {
		files, err := tree(from, strings.TrimPrefix(from, "/"), unneeded)
		if err != nil {
			return Image{}, fmt.Errorf("PostgreSQL %s of this machine: %w", major, err)
		}
		all = append(all, files...)
	}
	if all, err = withLibraries(all); err != nil {
		return Image{}, err
	}
	all = append(
		all,
		File{Path: "etc/passwd", Text: "root:x:0:0::/:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\n", Mode: 0o644},
		File{Path: "etc/group", Text: "root:x:0:\npostgres:x:999:\n", Mode: 0o644},
		File{Path: "tmp", Dir: os.ModeDir | os.ModeSticky | 0o777},
		File{Path: "var/lib/postgresql", Dir: os.ModeDir | 0o755},
		File{Path: "var/run/postgresql", Dir: os.ModeDir | 0o755},
	)
	return Image{
		Name: postgresImage + tag, User: "999:999", Files: all,
		Env: []string{"PATH=" + bin + ":/usr/bin:/usr/sbin", "LC_ALL=C"},
	}, nil
}

// unneeded is what an image of PostgreSQL can do without: the compiler for queries, and the pages of the manual.
func unneeded(name string) bool {
	return strings.Contains(name, "bitcode") || strings.HasPrefix(name, "llvmjit") || strings.HasPrefix(name, "man/") || strings.HasPrefix(name, "right/") || strings.HasPrefix(name, "posix/")
}

// static is an image of one static program, built from a package of this checkout.
func static(ctx context.Context, dir, root, pkg, name string) (Image, error) {
	binary := filepath.Join(dir, filepath.Base(pkg))
	if err := goBuild(ctx, root, binary, pkg); err != nil {
		return Image{}, err
	}
	return Image{
		Name: name, Entrypoint: []string{"/" + filepath.Base(pkg)}, User: "65532:65532",
		Files: []File{
			{Path: filepath.Base(pkg), From: binary},
			{Path: "tmp", Dir: os.ModeDir | os.ModeSticky | 0o777},
			{Path: "etc/passwd", Text: "nonroot:x:65532:65532::/:/sbin/nologin\n", Mode: 0o644},
		},
	}, nil
}

// goBuild builds a static program of this checkout.
func goBuild(ctx context.Context, root, out, pkg string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w", "-o", out, pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w: %s", pkg, err, said)
	}
	return nil
}
