package realnodes

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rap-analyzer/rapbot/lab/child"
	"github.com/rap-analyzer/rapbot/lab/wait"
)

// enginePackages are Debian's Docker engine, beside what a node has.
var enginePackages = strings.Fields("docker.io tini libdevmapper1.02.1")

// engine is a Docker engine for one build, in namespaces of its own but in this machine's network, since a build downloads modules. It makes no networks and
// no rules of a firewall.
type engine struct {
	dir, tools string
	daemon     *child.Child
}

// startEngine starts the daemon. Node tools have the runc and containerd that it needs.
func (r *Run) startEngine(ctx context.Context, tools, nodeTools string) (*engine, error) {
	e := &engine{dir: filepath.Join(r.Dir, "engine"), tools: tools}
	if err := os.Mkdir(e.dir, 0o711); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(e.dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd, err := again(engineName, filepath.Join(tools, "usr/sbin/dockerd"),
		"--host=unix://"+e.socket(), "--data-root="+filepath.Join(e.dir, "data"), "--exec-root=/run/docker", "--pidfile=/run/docker.pid",
		"--iptables=false", "--ip6tables=false", "--bridge=none", "--ip-forward=false", "--oom-score-adjust=0", "--storage-driver=overlay2",
		"--cgroup-parent=/"+cgroupPrefix+r.ID+"-engine")
	if err != nil {
		return nil, err
	}
	cmd.Env = append(os.Environ(), "PATH="+toolPath(tools)+":"+toolPath(nodeTools)+":"+os.Getenv("PATH"), libraryPath(tools, nodeTools))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = child.Bound()
	cmd.SysProcAttr.Cloneflags = unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC
	if e.daemon, err = child.Start(cmd); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err = wait.Until(ctx, 100*time.Millisecond, func() bool { return !e.daemon.Alive() || e.docker(ctx, io.Discard, "version") == nil })
	if err == nil && e.daemon.Alive() {
		return e, nil
	}
	text, errLog := os.ReadFile(log.Name())
	return nil, fmt.Errorf("the Docker engine does not get ready: %w: %s", errors.Join(err, errLog, e.stop()), child.LastLines(string(text), 4))
}

// engineMain becomes the daemon, as the first process of its namespaces.
func engineMain(args []string) error {
	if err := ownMounts(); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", "/run", "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount /run: %w", err)
	}
	return syscall.Exec(args[0], args, os.Environ())
}

func (e *engine) socket() string { return filepath.Join(e.dir, "sock") }

// docker runs Debian's client, which takes the builder that is built into the engine.
func (e *engine) docker(ctx context.Context, progress io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(e.tools, "usr/bin/docker"), append([]string{"--host", "unix://" + e.socket()}, args...)...)
	cmd.Env = append(os.Environ(), "DOCKER_BUILDKIT=0", "DOCKER_CONFIG="+e.dir)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&said, progress), &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("docker %s: %w: %s", args[0], err, child.LastLines(said.String(), 5))
	}
	return nil
}

func (e *engine) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return e.daemon.End(ctx, syscall.SIGTERM)
}

// buildBot builds rapbot's image by the checkout's Dockerfile, as a user does, and gives its archive. The images that it begins with are made of this
// machine's files, since there is no registry.
func (r *Run) buildBot(ctx context.Context, checkout, nodeTools string, progress io.Writer) (archive string, err error) {
	tools, err := unpack(ctx, "engine-packages", enginePackages)
	if err != nil {
		return "", err
	}
	e, err := r.startEngine(ctx, tools, nodeTools)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	compiler, err := goImage()
	if err != nil {
		return "", err
	}
	for n, image := range []Image{compiler, distroless()} {
		base := filepath.Join(e.dir, fmt.Sprintf("base-%d.tar", n))
		if err := image.write(base); err != nil {
			return "", err
		}
		if err := e.docker(ctx, io.Discard, "load", "--input", base); err != nil {
			return "", err
		}
	}
	if err := e.docker(ctx, progress, "build", "--network=host", "--build-arg", "VERSION="+BotTag, "--tag", botImage+BotTag, checkout); err != nil {
		return "", err
	}
	archive = filepath.Join(r.Dir, "images", "rapbot.tar")
	return archive, e.docker(ctx, io.Discard, "save", "--output", archive, botImage+BotTag)
}

// BotTag is the tag of the image that the checkout's Dockerfile makes.
const BotTag = "lab"

const authorities = "etc/ssl/certs/ca-certificates.crt"

// goImage stands for golang:1.26-bookworm: this machine's Go, a shell, and the authorities that it trusts.
func goImage() (Image, error) {
	tools, err := programs("sh", "cat", "mkdir", "rm", "cp", "ls")
	if err != nil {
		return Image{}, err
	}
	compiler, err := tree(goEnv("GOROOT"), "usr/local/go", func(name string) bool {
		return strings.HasPrefix(name, "test/") || strings.HasPrefix(name, "doc/") || strings.HasPrefix(name, "api/")
	})
	if err != nil {
		return Image{}, err
	}
	return Image{
		Name:  "golang:1.26-bookworm",
		Env:   []string{"PATH=/usr/local/go/bin:/usr/bin", "GOTOOLCHAIN=local", "GOPATH=/go", "HOME=/root", "GOFLAGS=" + os.Getenv("GOFLAGS"), "GOPROXY=" + goEnv("GOPROXY"), "GOSUMDB=" + goEnv("GOSUMDB")},
		Files: append(append(append(tools, rootLinks()...), compiler...), common()...),
	}, nil
}

func goEnv(name string) string {
	out, err := exec.Command("go", "env", name).Output()
	if err != nil {
		return "" // Go's own default
	}
	return strings.TrimSpace(string(out))
}

// distroless stands for gcr.io/distroless/static:nonroot.
func distroless() Image {
	return Image{
		Name: "gcr.io/distroless/static:nonroot", User: "65532", Env: []string{"SSL_CERT_FILE=/" + authorities},
		Files: append(common(), File{Path: "etc/passwd", Text: "root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n", Mode: 0o644}),
	}
}

// common is what both have.
func common() []File {
	return []File{
		{Path: authorities, From: "/" + authorities},
		{Path: "tmp", Dir: os.ModeDir | os.ModeSticky | 0o777},
		{Path: "root", Dir: os.ModeDir | 0o700},
	}
}
