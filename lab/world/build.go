package world

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Build compiles the binaries that the lab runs into dir and returns their
// paths. Flags are go build's. It needs the checkout's folder or one below it as the working folder.
func Build(ctx context.Context, dir string, log func(string, ...any), flags ...string) (bot, instance string, err error) {
	if dir, err = filepath.Abs(dir); err != nil {
		return "", "", err
	}
	log("building rapbot (the first time compiles its libraries: a minute or two)")
	if err := BuildThese(ctx, dir, []string{"./cmd/rapbot", "./lab/instance"}, flags...); err != nil {
		return "", "", err
	}
	return filepath.Join(dir, "rapbot"), filepath.Join(dir, "instance"), nil
}

// BuildThese compiles commands of the checkout into dir.
func BuildThese(ctx context.Context, dir string, commands []string, flags ...string) error {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return fmt.Errorf("find the checkout: run this inside it, with go on the PATH: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	args := append(append([]string{"build"}, flags...), "-o", dir+string(filepath.Separator))
	cmd := exec.CommandContext(ctx, "go", append(args, commands...)...)
	cmd.Dir = strings.TrimSpace(string(root))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
}
