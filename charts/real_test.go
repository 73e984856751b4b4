package charts

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// pod is a PostgreSQL pod without Kubernetes: the entrypoint with a folder for each of its volumes, on the PostgreSQL of this machine and,
// since that refuses root, as an unprivileged user.
type pod struct {
	*testing.T
	dir, host, slot, bin string
	port                 int
	account              *syscall.Credential
	process              *exec.Cmd
	done                 chan error
	log                  tail
}

// tail is what the container has said. The process writes while the test reads.
type tail struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// programs is the folder of PostgreSQL's programs.
func programs(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("RAPBOT_PG_BIN"); dir != "" {
		return dir
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is constant and well formed
	if len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	path, err := exec.LookPath("postgres")
	if err != nil {
		t.Fatal("no PostgreSQL: install it with apt-get install postgresql, or set RAPBOT_PG_BIN to the folder of its programs")
	}
	return filepath.Dir(path)
}

// newPod makes a pod's volumes in a folder that an unprivileged user can reach.
func newPod(t *testing.T, slot string) *pod {
	t.Helper()
	dir, err := os.MkdirTemp("", "rapbot-pod-")
	if err != nil {
		t.Fatal(err)
	}
	p := &pod{T: t, dir: dir, host: "127.0.0.1", slot: slot, bin: programs(t)}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	p.must(err)
	p.port = listener.Addr().(*net.TCPAddr).Port
	p.must(listener.Close())
	for _, sub := range []string{"volume", "run", "secrets", "scripts", "backups"} {
		p.must(os.Mkdir(filepath.Join(dir, sub), 0o755))
	}
	scripts, err := FS.ReadDir("postgresql/files")
	p.must(err)
	for _, file := range scripts {
		text := strings.ReplaceAll(script(t, file.Name()), "{{.SlotPattern}}", "use1|usw2|euw1")
		p.write("scripts/"+file.Name(), text)
	}
	for _, login := range []string{"superuser", "replication", "rapbot", "app", "monitor"} {
		p.write("secrets/"+login, password+login)
	}
	p.write("postgresql.conf", "wal_log_hints = on\nmax_slot_wal_keep_size = 256MB\nwal_retrieve_retry_interval = 200ms\nshared_buffers = 16MB\nlog_line_prefix = '%m '\n")
	p.write("pg_hba.conf", "local all all scram-sha-256\nhost all postgres all reject\nhost all all all scram-sha-256\nhost replication replicator all scram-sha-256\n")
	p.handOver()
	return p
}

// handOver gives the folder to the user that the pod runs as.
func (p *pod) handOver() {
	p.Helper()
	if os.Getuid() != 0 {
		return
	}
	account, err := user.Lookup("postgres")
	p.must(err)
	uid, err := strconv.ParseUint(account.Uid, 10, 32)
	p.must(err)
	gid, err := strconv.ParseUint(account.Gid, 10, 32)
	p.must(err)
	p.account = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	p.must(filepath.Walk(p.dir, func(path string, _ os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, int(uid), int(gid))
	}))
}

func (p *pod) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *pod) write(name, text string) {
	p.Helper()
	p.must(os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o644))
}

func (p *pod) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(p.dir, name))
	return strings.TrimSpace(string(text))
}

// is writes what the pod is to be.
func (p *pod) is(role string, epoch int, primary *pod, peers ...*pod) {
	p.Helper()
	var all []string
	for _, peer := range peers {
		all = append(all, fmt.Sprintf("%s=%s:%d", peer.slot, peer.host, peer.port))
	}
	p.write("state", fmt.Sprintf("role=%s\nepoch=%d\nprimary_host=%s\nprimary_port=%d\npeers=%s\nevery=0.1\nquorum=%s\n",
		role, epoch, primary.host, primary.port, strings.Join(all, " "), ""))
}

// command is a script of the pod's, in the pod's environment.
func (p *pod) command(args ...string) *exec.Cmd {
	cmd := exec.Command("sh", args...)
	cmd.Env = append(podEnv(p.dir), "PATH="+p.bin+":"+os.Getenv("PATH"), "PG_RETRY=0.1", "LC_ALL=C",
		"PG_SLOT="+p.slot, "PG_PORT="+strconv.Itoa(p.port), "BACKUP_HOST="+p.host, "BACKUP_PORT="+strconv.Itoa(p.port),
		"BACKUP_DIR="+filepath.Join(p.dir, "backups"), "BACKUP_KEEP=2")
	cmd.Dir = p.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.account, Pdeathsig: syscall.SIGKILL}
	return cmd
}

func (p *pod) script(name string) string { return filepath.Join(p.dir, "scripts", name) }

// start starts the pod's container.
func (p *pod) start() {
	p.Helper()
	cmd, done := p.command(p.script("entrypoint.sh")), make(chan error, 1)
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	cmd.WaitDelay = time.Second
	p.must(cmd.Start())
	p.process, p.done = cmd, done
	go func() { done <- cmd.Wait() }()
	p.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // the gate's group
		if pid, _, _ := strings.Cut(p.read("volume/data/postmaster.pid"), "\n"); pid != "" {
			if number, err := strconv.Atoi(pid); err == nil && exists("/proc/"+pid) {
				_ = syscall.Kill(number, syscall.SIGKILL)
			}
		}
		if p.Failed() {
			said := p.log.String()
			p.Logf("%s: state %q, end of its log:\n%s", p.slot, p.state(), said[max(0, len(said)-2000):])
		}
	})
}

// stop ends the container as the kubelet does.
func (p *pod) stop() {
	p.Helper()
	p.must(p.process.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		p.Fatalf("%s does not end", p.slot)
	}
	if status := p.process.ProcessState.ExitCode(); status != 0 {
		p.Errorf("%s ended with %d", p.slot, status)
	}
}

func (p *pod) state() string { return p.read("run/gate/state") }

func (p *pod) awaits(state string) {
	p.Helper()
	p.eventually("state "+state, func() bool { return strings.HasPrefix(p.state(), state) })
}

func (p *pod) eventually(what string, so func() bool) {
	p.Helper()
	for deadline := time.Now().Add(time.Minute); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.Fatalf("%s: never happened: %s", p.slot, what)
		}
	}
}

// ask runs SQL as a role over the network, or as the superuser in the pod.
func (p *pod) ask(role, query string) (string, error) {
	p.Helper()
	where, word := "host="+p.host, password+role
	if role == "postgres" {
		where, word = "host="+filepath.Join(p.dir, "run"), password+"superuser"
	}
	cmd := p.command()
	cmd.Path, cmd.Args = filepath.Join(p.bin, "psql"), []string{"psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", fmt.Sprintf("%s port=%d user=%s dbname=rap connect_timeout=10", where, p.port, role), "-c", query}
	cmd.Env = append(cmd.Env, "PGPASSWORD="+word)
	out, err := cmd.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}

func (p *pod) says(role, query, want string) {
	p.Helper()
	if got, err := p.ask(role, query); err != nil || got != want {
		p.Errorf("%s as %s: %s: got %q, %v, want %q", p.slot, role, query, got, err, want)
	}
}
