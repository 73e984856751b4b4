package kubernetes

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rap-analyzer/rapbot/lab/kubernetes/node"
	"github.com/rap-analyzer/rapbot/lab/regions"
)

// MachineImages are what the charts' images stand for on this machine: postgresql and postgres are the PostgreSQL that is installed, rap-analyzer is the
// program that BuildWorkload has built, busybox is the machine's own shell and tools, postgres-exporter is the exporter if it is installed.
func MachineImages(workload string) (node.Images, error) {
	found, err := regions.FindInstallation()
	if err != nil {
		return nil, err
	}
	images := node.Images{
		"postgresql":   {Path: []string{found.Dir}},
		"postgres":     {Path: []string{found.Dir}},
		"rap-analyzer": {Entrypoint: []string{workload}},
		"busybox":      {Entrypoint: []string{"/bin/sh"}},
	}
	for _, name := range []string{"prometheus-postgres-exporter", "postgres_exporter"} {
		if path, err := exec.LookPath(name); err == nil {
			images["postgres-exporter"] = node.Image{Entrypoint: []string{path}}
			break
		}
	}
	return images, nil
}

// BuildWorkload builds the program that stands for Rap Analyzer into dir, where the account that containers run as must be able to come, and returns its
// path. It needs the checkout's folder or one below it as the working folder.
func BuildWorkload(ctx context.Context, dir string) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("find the checkout: run this inside it, with go in PATH: %w", err)
	}
	path, err := filepath.Abs(filepath.Join(dir, "workload"))
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "./lab/workload")
	cmd.Dir = strings.TrimSpace(string(root))
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}
