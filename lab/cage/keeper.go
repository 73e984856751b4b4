package cage

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// keeperName is what a keeper is called by: it shows in the list of processes.
const keeperName = "rapbot-lab-keeper"

// The orders besides numbers of signals.
const (
	orderKill   = 0xff
	orderFreeze = 0xfe
	orderThaw   = 0xfd
)

// Exit codes as a shell gives them.
const (
	exitMisused    = 125
	exitCannotRun  = 126
	exitSignalBase = 128
)

const (
	ordersFD            = 3
	prSetChildSubreaper = 36
)

// A binary that is called by this name is a keeper, and nothing of it runs but
// this. Nothing outside of the standard library is imported here, so that it comes
// before the start of larger packages.
func init() {
	if os.Args[0] == keeperName {
		os.Exit(keep(os.Args[1:]))
	}
}

// keeper watches over one program.
type keeper struct {
	mu      sync.Mutex // held to collect what has ended and to signal the program: a number that was collected may be another's soon
	program int        // 0 when it has ended
	code    int
}

func keep(args []string) int {
	// The lab's terminal and the person before it mean the lab. What is ignored would be ignored by the program too.
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGCHLD)
	syscall.CloseOnExec(ordersFD)
	if len(args) < 4 {
		return exitMisused
	}
	uid, errUID := strconv.Atoi(args[0])
	gid, errGID := strconv.Atoi(args[1])
	if errUID != nil || errGID != nil {
		return exitMisused
	}
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0); errno != 0 {
		fmt.Fprintln(os.Stderr, "become the reaper of orphans:", errno)
		return exitMisused
	}
	// This is the process's main thread: it lives as long as the process.
	attr := &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}}
	if uid != os.Getuid() {
		attr.Sys.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	program, err := syscall.ForkExec(args[2], args[3:], attr)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", args[2], err)
		return exitCannotRun
	}
	k := &keeper{program: program}
	go k.obey(os.NewFile(ordersFD, "orders"))
	for !k.collect() {
		<-signals
	}
	k.killAll()
	return k.code
}

// collect takes note of what has ended, and reports whether the program has.
func (k *keeper) collect() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
		if err != nil || pid <= 0 {
			return k.program == 0
		}
		if pid != k.program {
			continue
		}
		k.program, k.code = 0, status.ExitStatus()
		if status.Signaled() {
			k.code = exitSignalBase + int(status.Signal())
		}
	}
}

func (k *keeper) obey(orders *os.File) {
	order := make([]byte, 1)
	for {
		if n, err := orders.Read(order); n == 0 || err != nil {
			k.killAll() // the lab is gone
			os.Exit(exitSignalBase + int(syscall.SIGKILL))
		}
		switch order[0] {
		case orderKill:
			k.killAll()
		case orderFreeze:
			signalAll(syscall.SIGSTOP)
		case orderThaw:
			signalAll(syscall.SIGCONT)
		default:
			k.signal(syscall.Signal(order[0]))
		}
	}
}

func (k *keeper) signal(how syscall.Signal) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.program != 0 {
		_ = syscall.Kill(k.program, how) // nobody has collected it: it is there
	}
}

// killAll kills until nothing is left: what is killed may have started more in the meantime.
func (k *keeper) killAll() {
	for signalAll(syscall.SIGKILL) > 0 {
		time.Sleep(time.Millisecond)
		k.collect()
	}
}
