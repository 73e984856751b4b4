package gitops

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/rap-analyzer/rapbot/charts"
	"github.com/rap-analyzer/rapbot/lab/child"
)

// Repository is a Git repository on this machine's disk with the charts that rapbot
// ships, on the branch main.
type Repository struct {
	Dir string
	URL string
}

func newRepository(ctx context.Context, dir string) (*Repository, error) {
	r := &Repository{Dir: dir, URL: "file://" + dir}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	if err := r.git(ctx, "init", "--quiet", "--initial-branch=main"); err != nil {
		return nil, err
	}
	for _, folder := range []string{"rap-analyzer", "multi-region"} {
		sub, err := fs.Sub(charts.FS, folder)
		if err != nil {
			return nil, err
		}
		if err := os.CopyFS(filepath.Join(dir, "charts", folder), sub); err != nil {
			return nil, err
		}
	}
	return r, r.Commit(ctx, "the charts", nil)
}

// Commit writes files, by their path in the repository, and commits them.
func (r *Repository) Commit(ctx context.Context, message string, files map[string]string) error {
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(r.Dir, filepath.FromSlash(name)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if err := r.git(ctx, "add", "--all"); err != nil {
		return err
	}
	return r.git(ctx, "-c", "user.name=lab", "-c", "user.email=lab@example.com", "commit", "--quiet", "--allow-empty", "--message", message)
}

func (r *Repository) git(ctx context.Context, args ...string) error {
	cmd := exec.Command("git", args...)
	cmd.Dir = r.Dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.Dir, "GIT_CONFIG_NOSYSTEM=1"}
	if err := child.Run(ctx, cmd); err != nil {
		return fmt.Errorf("git %s: %w", args[0], err)
	}
	return nil
}
