package regions

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// installation is one PostgreSQL on this machine.
type installation struct {
	dir   string // the folder that holds postgres and initdb
	major int
}

func (i installation) able() rapbot.Ability { return rapbot.AbilityOf(i.major) }

func (i installation) program(name string) string { return filepath.Join(i.dir, name) }

// findInstallation takes the newest PostgreSQL it can find, or the one that RAPBOT_PG_BIN names. The distributions keep the server's
// programs out of PATH, so their usual folders are looked at too.
func findInstallation() (installation, error) {
	if dir := os.Getenv("RAPBOT_PG_BIN"); dir != "" {
		found, err := inspect(dir)
		if err != nil {
			return installation{}, fmt.Errorf("RAPBOT_PG_BIN=%s: %w", dir, err)
		}
		return found, nil
	}
	var newest installation
	for _, dir := range likelyFolders() {
		if found, err := inspect(dir); err == nil && found.major > newest.major {
			newest = found
		}
	}
	if newest.dir == "" {
		return installation{}, fmt.Errorf("no PostgreSQL server of version %d or newer found: "+
			"install the package postgresql (Debian, Ubuntu) or postgresql-server and postgresql-contrib (Fedora, RHEL), "+
			"or set RAPBOT_PG_BIN to the folder that holds postgres and initdb", rapbot.OldestMajor())
	}
	return newest, nil
}

func likelyFolders() []string {
	var dirs []string
	if out, err := exec.Command("pg_config", "--bindir").Output(); err == nil {
		dirs = append(dirs, strings.TrimSpace(string(out)))
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		dirs = append(dirs, filepath.Dir(path))
	}
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin"} {
		matches, _ := filepath.Glob(pattern) // the patterns are constant and well formed
		dirs = append(dirs, matches...)
	}
	return dirs
}

var versionLine = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

func inspect(dir string) (installation, error) {
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return installation{}, fmt.Errorf("%s is not there", name)
		}
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return installation{}, fmt.Errorf("postgres --version: %w", err)
	}
	match := versionLine.FindSubmatch(out)
	if match == nil {
		return installation{}, fmt.Errorf("postgres --version answers %q", strings.TrimSpace(string(out)))
	}
	major, _ := strconv.Atoi(string(match[1])) // digits by the expression
	if major < rapbot.OldestMajor() {
		return installation{}, errors.New(rapbot.TooOld(major))
	}
	return installation{dir: dir, major: major}, nil
}
