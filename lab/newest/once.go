package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/lab/wait"
)

// buildOnce builds the programs into folder unless they are there. Of several
// callers at once, in several processes too, one builds and the others wait.
func (m *module) buildOnce(ctx context.Context, folder string, progress io.Writer) error {
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return err
	}
	unlock, err := lock(ctx, folder+".lock", func() { fmt.Fprintf(progress, "another process builds %s just now; waiting for it\n", m.name()) })
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(folder); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return m.build(ctx, folder, progress)
}

// lock waits for its turn, and says so when it has to. The kernel gives the lock
// back when its holder dies.
func lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	told, failure := false, error(nil)
	timeout := wait.Until(ctx, 100*time.Millisecond, func() bool {
		failure = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(failure, syscall.EINTR) {
			return false
		}
		busy := errors.Is(failure, syscall.EWOULDBLOCK)
		if busy && !told {
			told = true
			waiting()
		}
		return !busy
	})
	if err := errors.Join(timeout, failure); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("lock %s: %w", filepath.Base(path), err)
	}
	return func() { _ = file.Close() }, nil
}
