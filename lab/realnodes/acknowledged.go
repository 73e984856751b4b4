package realnodes

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rap-analyzer/rapbot/lab/ledger"
)

// acknowledgedFile is where the application notes which rows were acknowledged, in its pod.
const acknowledgedFile = "/tmp/acknowledged"

// Acknowledged collects what the application notes, in all pods that there have been since it was begun. The files go with their pods, so they are
// opened as soon as they are there, and read through the open file when they are gone.
type Acknowledged struct {
	lab    *Lab
	leave  context.CancelFunc
	looked chan struct{}

	mu    sync.Mutex
	files map[string]*os.File
	err   error
}

// Collect begins to collect.
func (l *Lab) Collect() *Acknowledged {
	ctx, leave := context.WithCancel(context.Background())
	a := &Acknowledged{lab: l, leave: leave, looked: make(chan struct{}), files: map[string]*os.File{}}
	go func() {
		defer close(a.looked)
		for ctx.Err() == nil {
			a.look()
			select {
			case <-ctx.Done():
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return a
}

// look opens the files that are new. The folder of a pod has its UID in its name.
func (a *Acknowledged) look() {
	for _, r := range a.lab.regions {
		pattern := filepath.Join(r.Dir, "kubelet/pods/*/volumes/kubernetes.io~empty-dir/tmp", filepath.Base(acknowledgedFile))
		found, err := filepath.Glob(pattern)
		a.mu.Lock()
		if err != nil {
			a.err = err
		}
		for _, path := range found {
			if a.files[path] != nil {
				continue
			}
			if file, err := os.Open(path); err == nil { // an error says that it has gone already
				a.files[path] = file
			}
		}
		a.mu.Unlock()
	}
}

// Rows are all rows that were acknowledged until now.
func (a *Acknowledged) Rows() ([]ledger.Row, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.err != nil {
		return nil, a.err
	}
	var rows []ledger.Row
	for path, file := range a.files {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		more, _, err := ledger.Read(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// Close ends collecting.
func (a *Acknowledged) Close() {
	a.leave()
	<-a.looked
	for _, file := range a.files {
		_ = file.Close()
	}
}
