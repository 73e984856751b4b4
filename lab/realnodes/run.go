package realnodes

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cgroupPrefix is what the control groups of runs begin with, in every hierarchy.
const cgroupPrefix = "rapbot-lab-"

// cgroupRoot is where the hierarchies of control groups are mounted.
const cgroupRoot = "/sys/fs/cgroup"

// Run is one run of the lab, and what it has outside of its namespaces: a folder and control groups, which have its name.
type Run struct {
	ID  string
	Dir string

	lock *os.File
}

// runsDir is where the folders of runs are.
func runsDir() string { return filepath.Join(os.TempDir(), "rapbot-realnodes") }

// begin makes the folder of a run, and removes what runs have left that did not come to their end.
func begin() (*Run, error) {
	if err := os.MkdirAll(runsDir(), 0o711); err != nil {
		return nil, err
	}
	if err := sweep(); err != nil {
		return nil, fmt.Errorf("remove what an earlier run left: %w", err)
	}
	r := &Run{ID: strings.ToLower(rand.Text()[:8])}
	r.Dir = filepath.Join(runsDir(), r.ID)
	if err := os.Mkdir(r.Dir, 0o711); err != nil {
		return nil, err
	}
	var err error
	r.lock, err = tryLock(r.lockFile())
	if err == nil && r.lock == nil {
		err = fmt.Errorf("the run %s is another's", r.ID)
	}
	return r, err
}

// current is the run that this process is within.
func current() (*Run, error) {
	dir := os.Getenv(runVariable)
	if dir == "" {
		return nil, errors.New(runVariable + " is not set: this is not within a run")
	}
	return &Run{ID: filepath.Base(dir), Dir: dir}, nil
}

// lockFile is beside the run's folder, so that the folder can be removed under the lock.
func (r *Run) lockFile() string { return r.Dir + ".lock" }

// tryLock takes a lock that the kernel gives back when this process ends. It is nil when somebody else has it.
func tryLock(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, nil
		}
		return nil, err
	}
	return file, nil
}

// cgroup is the run's group of a name in one hierarchy.
func (r *Run) cgroup(hierarchy, name string) string {
	return filepath.Join(cgroupRoot, hierarchy, cgroupPrefix+r.ID+"-"+name)
}

// remove removes what the run has outside of its namespaces.
func (r *Run) remove() error {
	err := removeCgroups(cgroupPrefix + r.ID + "-*")
	if err == nil {
		err = os.RemoveAll(r.Dir)
	}
	if err == nil {
		err = os.Remove(r.lockFile())
	}
	return errors.Join(err, r.lock.Close())
}

// sweep removes what is left of runs whose processes are gone.
func sweep() error {
	locks, err := filepath.Glob(filepath.Join(runsDir(), "*.lock"))
	if err != nil {
		return err
	}
	var all error
	for _, path := range locks {
		lock, err := tryLock(path)
		if err != nil {
			all = errors.Join(all, err)
		}
		if lock == nil {
			continue // it runs
		}
		dir := strings.TrimSuffix(path, ".lock")
		old := &Run{ID: filepath.Base(dir), Dir: dir, lock: lock}
		all = errors.Join(all, old.remove())
	}
	return all
}

// removeTime is how long a run's processes, which are being killed, may take until they have left their control groups.
const removeTime = 20 * time.Second

// killCgroups kills what runs in the control groups of a name: pods outlive their kubelet and containerd.
func killCgroups(name string) error {
	return filepath.WalkDir(filepath.Join(cgroupRoot, "pids", name), func(path string, _ fs.DirEntry, err error) error {
		if filepath.Base(path) != "cgroup.procs" || errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return nil // it is gone
		}
		for word := range strings.FieldsSeq(string(text)) {
			if pid, err := strconv.Atoi(word); err == nil && pid > 0 { // 0 is a process of another namespace
				_ = unix.Kill(pid, unix.SIGKILL) // it may have ended meanwhile
			}
		}
		return nil
	})
}

// removeCgroups removes the control groups whose names have a pattern, the inner ones first.
func removeCgroups(pattern string) error {
	roots, err := filepath.Glob(filepath.Join(cgroupRoot, "*", pattern))
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(removeTime); ; time.Sleep(50 * time.Millisecond) {
		var all error
		for _, root := range roots {
			all = errors.Join(all, removeCgroup(root))
		}
		if all == nil || time.Now().After(deadline) {
			return all
		}
	}
}

func removeCgroup(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, inner := range entries {
		if inner.IsDir() {
			if err := removeCgroup(filepath.Join(dir, inner.Name())); err != nil {
				return err
			}
		}
	}
	if err := unix.Rmdir(dir); err != nil && !errors.Is(err, unix.ENOENT) {
		return &fs.PathError{Op: "rmdir", Path: dir, Err: err}
	}
	return nil
}
