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

// shellTools are what the official image of PostgreSQL has of what the chart's scripts may call: all of coreutils, and these.
func shellTools() ([]string, error) {
	out, err := exec.Command("dpkg", "-L", "coreutils").Output()
	if err != nil {
		return nil, fmt.Errorf("list coreutils: %w", err)
	}
	tools := strings.Fields("sh awk find flock grep ps sed setsid xargs")
	for file := range strings.Lines(string(out)) {
		if dir, name := filepath.Split(strings.TrimSpace(file)); name != "" && (dir == "/bin/" || dir == "/usr/bin/") {
			tools = append(tools, name)
		}
	}
	return tools, nil
}

// postgres is an image of the PostgreSQL that is installed on this machine, with the user that the official image has.
func postgres(bin, tag string) (Image, error) {
	names, err := shellTools()
	if err != nil {
		return Image{}, err
	}
	tools, err := programs(names...)
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
