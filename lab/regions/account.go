package regions

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/rap-analyzer/rapbot/lab/child"
)

// Account is the user that the servers run as. PostgreSQL refuses to run as root, so root hands over to an unprivileged user;
// everybody else runs the servers as themselves.
type Account struct {
	uid, gid int
	handOver bool
}

// ServerAccount is the account of this process, or an unprivileged one when that is root.
func ServerAccount() (Account, error) {
	if os.Getuid() != 0 {
		return Account{uid: os.Getuid(), gid: os.Getgid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.Atoi(u.Uid)
		gid, errGID := strconv.Atoi(u.Gid)
		if errUID == nil && errGID == nil {
			return Account{uid: uid, gid: gid, handOver: true}, nil
		}
	}
	return Account{}, fmt.Errorf("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")
}

// Command prepares a program of PostgreSQL's to run as the account, in dir. Its environment is made from nothing: a PGHOST or
// PGSSLMODE of the person at the terminal would reach the WAL receivers.
func (a Account) Command(dir, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = child.Bound()
	cmd.SysProcAttr.Credential = a.Credential()
	return cmd
}

// Give makes a file or folder the account's, since a server must be able to remove its own standby.signal.
func (a Account) Give(path string) error {
	if !a.handOver {
		return nil
	}
	return os.Chown(path, a.uid, a.gid)
}

// WriteFile writes a file that only the account can read. It replaces the file in one step: a server killed at
// any moment finds the old text or the new.
func (a Account) WriteFile(path, text string) error {
	fresh := path + ".new"
	if err := os.WriteFile(fresh, []byte(text), 0o600); err != nil {
		return err
	}
	if err := a.Give(fresh); err != nil {
		return err
	}
	return os.Rename(fresh, path)
}

// reaches says whether the account can come to dir through all the folders above it.
func (a Account) reaches(dir string) bool {
	if !a.handOver {
		return true
	}
	for {
		info, err := os.Stat(dir)
		if err != nil {
			return false
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return false
		}
		need := os.FileMode(0o001)
		if int(stat.Uid) == a.uid {
			need = 0o100
		} else if int(stat.Gid) == a.gid {
			need = 0o010
		}
		if info.Mode().Perm()&need == 0 {
			return false
		}
		if parent := filepath.Dir(dir); parent != dir {
			dir = parent
			continue
		}
		return true
	}
}

// Home settles where the servers live: in wanted, or in a folder of our own when nothing was wanted or when the account cannot get
// there (below /root, say, or a folder of mode 0700). The second result says that the folder is temporary and ours to remove.
func (a Account) Home(wanted string) (string, bool, error) {
	if wanted != "" {
		if err := os.MkdirAll(wanted, 0o755); err != nil {
			return "", false, err
		}
		dir, err := filepath.Abs(wanted)
		if err != nil {
			return "", false, err
		}
		if dir, err = filepath.EvalSymlinks(dir); err != nil {
			return "", false, err
		}
		if a.reaches(dir) {
			return dir, false, nil
		}
	}
	dir, err := os.MkdirTemp("", "rapbot-regions-")
	if err != nil {
		return "", false, err
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		return "", false, err
	}
	if !a.reaches(dir) {
		_ = os.Remove(dir)
		return "", false, fmt.Errorf("user %d cannot reach %s: set TMPDIR to a folder that everybody can enter", a.uid, filepath.Dir(dir))
	}
	return dir, true, nil
}

// Credential is what a program is started with to run as the account; nil when that needs nothing.
func (a Account) Credential() *syscall.Credential {
	if !a.handOver {
		return nil
	}
	return &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
}
