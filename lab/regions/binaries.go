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

// Installation is one PostgreSQL on this machine.
type Installation struct {
	Dir   string // the folder that holds postgres and initdb
	Major int
}

// Able is what this version can do.
func (i Installation) Able() rapbot.Ability { return rapbot.AbilityOf(i.Major) }

// Program is the path of one of its programs.
func (i Installation) Program(name string) string { return filepath.Join(i.Dir, name) }

// FindInstallation takes the newest PostgreSQL it can find, or the one that RAPBOT_PG_BIN names. The distributions keep the server's
// programs out of PATH, so their usual folders are looked at too.
func FindInstallation() (Installation, error) {
	if dir := os.Getenv("RAPBOT_PG_BIN"); dir != "" {
		found, err := inspect(dir)
		if err != nil {
			return Installation{}, fmt.Errorf("RAPBOT_PG_BIN=%s: %w", dir, err)
		}
		return found, nil
	}
	var newest Installation
	for _, dir := range likelyFolders() {
		if found, err := inspect(dir); err == nil && found.Major > newest.Major {
			newest = found
		}
	}
	if newest.Dir == "" {
		return Installation{}, fmt.Errorf("no PostgreSQL server of version %d or newer found: "+
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

func inspect(dir string) (Installation, error) {
	for _, name := range []string{"postgres", "initdb"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return Installation{}, fmt.Errorf("%s is not there", name)
		}
	}
	out, err := exec.Command(filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Installation{}, fmt.Errorf("postgres --version: %w", err)
	}
	match := versionLine.FindSubmatch(out)
	if match == nil {
		return Installation{}, fmt.Errorf("postgres --version answers %q", strings.TrimSpace(string(out)))
	}
	major, _ := strconv.Atoi(string(match[1])) // digits by the expression
	if major < rapbot.OldestMajor() {
		return Installation{}, errors.New(rapbot.TooOld(major))
	}
	return Installation{Dir: dir, Major: major}, nil
}
