package patroni

import (
	"fmt"
	"os/exec"
	"strings"
)

// Versions are what is installed.
type Versions struct{ Patroni, Etcd string }

// String names both, for a caption.
func (v Versions) String() string { return fmt.Sprintf("Patroni %s, etcd %s", v.Patroni, v.Etcd) }

// Installed tells which Patroni and etcd this machine has. Its error is the reason why no cluster can be started, with what to do about it.
func Installed() (Versions, error) {
	var v Versions
	for _, want := range []struct {
		program, pack, before string
		into                  *string
	}{
		{"patroni", "patroni", "patroni ", &v.Patroni},
		{"etcd", "etcd-server", "etcd Version: ", &v.Etcd},
	} {
		out, err := exec.Command(want.program, "--version").Output()
		if err != nil {
			return v, fmt.Errorf("no %s to measure against: %w; install it with: apt-get install %s (tools/setup bench does)", want.program, err, want.pack)
		}
		first, _, _ := strings.Cut(string(out), "\n")
		*want.into = strings.TrimPrefix(first, want.before)
	}
	return v, nil
}
