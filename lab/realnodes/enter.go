package realnodes

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"
)

// The parts that the lab's own binary plays, by the name it is called by.
const (
	initName    = "rapbot-realnodes-init"
	opsName     = "rapbot-realnodes-ops"
	machineName = "rapbot-realnodes-machine"
	engineName  = "rapbot-realnodes-engine"
)

// runVariable leads the parts to the folder of their run.
const runVariable = "RAPBOT_REALNODES_RUN"

// Within says whether this process plays a part inside of a run.
func Within() bool {
	return slices.Contains([]string{initName, opsName, machineName, engineName}, os.Args[0])
}

// Main plays the part that this process has to play, and gives its exit status. Outermost it makes what is needed (prepare), and then runs its own binary
// again in namespaces of its own, where main is called. So the network, the mounts and the processes of a run are seen by nobody else, and end with it: when
// the outermost process dies, kill -9 included, the kernel kills the first process of the inner ones, and with it all of them. What a kernel does not remove
// is removed at the end, or by the next run.
func Main(prepare func(*Run) error, main func() int) int {
	switch os.Args[0] {
	case machineName:
		return fail(machineMain())
	case engineName:
		return fail(engineMain(os.Args[1:]))
	case opsName:
		return main()
	case initName:
		status, err := reapUntilEnd()
		if err != nil {
			return fail(err)
		}
		return status
	}
	status, err := outermost(prepare)
	if err != nil {
		return fail(err)
	}
	return status
}

func fail(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// outermost prepares a run, runs it in namespaces of its own, and removes what is left.
func outermost(prepare func(*Run) error) (status int, err error) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM) // while it is prepared, this is prepare's to heed; it never ends what is being removed
	defer signal.Stop(signals)
	run, err := begin()
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, run.remove()) }()
	if err := prepare(run); err != nil {
		return 1, err
	}
	cmd, err := again(initName, os.Args[1:]...)
	if err != nil {
		return 1, err
	}
	cmd.Env = append(os.Environ(), runVariable+"="+run.Dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWNS | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
		Pdeathsig:  syscall.SIGKILL, Setpgid: true,
	}
	// The kernel looks at the thread that made the child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := cmd.Start(); err != nil {
		return 1, fmt.Errorf("make namespaces: %w", err)
	}
	go func() {
		for range signals {
			_ = cmd.Process.Kill() // and with it everything inside
		}
	}()
	return exitStatus(cmd.Wait())
}

// again is this binary in another part.
func again(part string, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0] = part
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	return cmd, nil
}

func exitStatus(err error) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode(), nil
	}
	return 1, fmt.Errorf("the run ended: %w", err)
}

// reapUntilEnd is the first process of the namespaces. Every orphan becomes its child, and it waits for all of them until the one that counts has ended.
func reapUntilEnd() (status int, err error) {
	if err := ownMounts(); err != nil {
		return 1, err
	}
	if err := ip("link set lo up"); err != nil {
		return 1, err
	}
	if err := ownNames(); err != nil {
		return 1, err
	}
	cmd, err := again(opsName, os.Args[1:]...)
	if err != nil {
		return 1, err
	}
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	for {
		var ended syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &ended, 0, nil)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 1, fmt.Errorf("wait for processes: %w", err)
		case pid == cmd.Process.Pid && ended.Signaled():
			return 1, fmt.Errorf("the run ended: %s", ended.Signal())
		case pid == cmd.Process.Pid:
			return ended.ExitStatus(), nil
		}
	}
}

// ownNames has names looked up at the ops process.
func ownNames() error {
	run, err := current()
	if err != nil {
		return err
	}
	const resolver = "/etc/resolv.conf"
	file := filepath.Join(run.Dir, "resolv.conf")
	if err := os.WriteFile(file, []byte("nameserver "+opsNames+"\n"), 0o644); err != nil {
		return err
	}
	if err := unix.Mount(file, resolver, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s: %w", resolver, err)
	}
	return nil
}

// ownMounts makes the mounts of this process its own, and shows it the processes of its namespace.
func ownMounts() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make the mounts private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	return nil
}
