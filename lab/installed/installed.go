// Package installed finds the programs of others that watch the lab: those of
// Debian's packages, or those in folders that are named to it.
package installed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Folders is the variable that lists folders, as PATH does, which are looked
// into before PATH is. What command newest prints is meant for it.
const Folders = "RAPBOT_MONITOR_BIN"

// programs are by the names that their makers gave them.
var programs = map[string]struct{ debian, from string }{ // what Debian calls it, and the package that has it
	"alertmanager":      {"prometheus-alertmanager", "prometheus-alertmanager"},
	"postgres_exporter": {"prometheus-postgres-exporter", "prometheus-postgres-exporter"},
	"prometheus":        {"prometheus", "prometheus"},
	"promtool":          {"promtool", "prometheus"},
}

// Find is the path of a program, by the name that its makers gave it.
func Find(program string) (string, error) {
	for _, dir := range filepath.SplitList(os.Getenv(Folders)) {
		if _, err := os.Stat(dir); err != nil {
			return "", fmt.Errorf("%s: %w", Folders, err) // another than the one that is meant would be taken
		}
		if path, err := exec.LookPath(filepath.Join(dir, program)); err == nil {
			return path, nil
		}
	}
	for _, name := range []string{programs[program].debian, program} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no %s: install it with apt-get install %s", program, programs[program].from)
}
