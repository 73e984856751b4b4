package realnodes

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Memory is what all processes of the run have in memory, in MiB: RSS counts shared pages once for each of them, PSS once in all.
func (l *Lab) Memory() string {
	rollups, err := filepath.Glob("/proc/[0-9]*/smaps_rollup")
	if err != nil {
		return err.Error()
	}
	sum := map[string]int{}
	for _, path := range rollups {
		file, err := os.Open(path)
		if err != nil {
			continue // it has ended
		}
		lines := bufio.NewScanner(file)
		for lines.Scan() {
			if name, rest, found := strings.Cut(lines.Text(), ":"); found {
				kB, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB")) // the first line is no number
				sum[name] += kB
			}
		}
		_ = file.Close() // it was read
	}
	return fmt.Sprintf("%d processes, %d MiB RSS, %d MiB PSS", len(rollups), sum["Rss"]>>10, sum["Pss"]>>10)
}
