//go:build unix

package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// fileLock is a lock of the operating system on a file made for it. It is
// exclusive among all processes of the host and within this one, and falls
// free when the process dies, however it dies, and what it was just starting
// has begun to execute its own program.
type fileLock struct{ file *os.File }

var errHeld = errors.New("held by another process")

// tryLock takes the lock at once or returns errHeld.
func tryLock(path string) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case errors.Is(err, syscall.EWOULDBLOCK):
		err = errHeld
	case err != nil:
		err = fmt.Errorf("lock %s: %w", path, err)
	case !stillThere(f, path):
		err = errHeld // removed by its last holder; the next try makes a new one
	default:
		return &fileLock{file: f}, nil
	}
	return nil, errors.Join(err, f.Close())
}

// waitLock tries until the lock is taken or the context ends.
func waitLock(ctx context.Context, path string) (*fileLock, error) {
	for {
		l, err := tryLock(path)
		if !errors.Is(err, errHeld) {
			return l, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s, %w: %w", path, errHeld, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// release gives the lock back and leaves its file for the next holder. Closing
// the file would not be enough: a process that is being started at this moment
// has it open too.
func (l *fileLock) release() error {
	return errors.Join(syscall.Flock(int(l.file.Fd()), syscall.LOCK_UN), l.file.Close())
}

// discard gives the lock back and removes its file.
func (l *fileLock) discard() error {
	return errors.Join(os.Remove(l.file.Name()), l.release())
}

// stillThere reports whether path is the file that was opened.
func stillThere(f *os.File, path string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Stat(path)
	return err == nil && os.SameFile(opened, named)
}
