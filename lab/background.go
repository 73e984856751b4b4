package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/rap-analyzer/rapbot/lab/world"
)

// runBackground starts this program again in the background and returns when
// world.json is there.
func runBackground(ctx context.Context, opt options) error {
	if err := os.MkdirAll(opt.dir, 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := alone(opt.dir); err != nil {
		return err
	}
	_ = os.Remove(filepath.Join(opt.dir, "world.json")) // of a lab that was killed
	log, err := os.Create(filepath.Join(opt.dir, "lab.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(self, "up", "--foreground", "--dir", opt.dir, "--bin", opt.binaries, "--port", fmt.Sprint(opt.port), fmt.Sprintf("--clusters=%t", opt.clusters))
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	progress("starting the lab in the background; its log is %s", log.Name())
	for {
		if f, err := world.ReadFacts(opt.dir); err == nil {
			fmt.Println(f.Page)
			return nil
		}
		select {
		case err := <-ended:
			words, _ := os.ReadFile(log.Name())
			return fmt.Errorf("the lab ended: %w\n%s", err, words)
		case <-ctx.Done():
			_ = cmd.Process.Signal(syscall.SIGTERM)
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// alone refuses to start beside a lab that runs in the same folder.
func alone(dir string) error {
	if f, err := world.ReadFacts(dir); err == nil && alive(f.Lab.PID) {
		return fmt.Errorf("a lab runs in %s already, with its page at %s; end it with: go run ./lab down --dir %s", dir, f.Page, dir)
	}
	return nil
}

// end asks the lab's own process to end and waits until it has.
func end(dir string) error {
	f, err := world.ReadFacts(dir)
	if err != nil {
		return err
	}
	if !alive(f.Lab.PID) {
		return os.Remove(filepath.Join(dir, "world.json"))
	}
	if err := syscall.Kill(f.Lab.PID, syscall.SIGTERM); err != nil {
		return err
	}
	for deadline := time.Now().Add(30 * time.Second); alive(f.Lab.PID); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			return fmt.Errorf("the lab (process %d) has not ended in 30 s", f.Lab.PID)
		}
	}
	return nil
}

// alive reports whether the process runs; a zombie does not.
func alive(pid int) bool {
	if pid <= 0 || syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	for i := len(stat) - 1; i > 1; i-- {
		if stat[i] == ')' {
			return i+2 < len(stat) && stat[i+2] != 'Z'
		}
	}
	return true
}
