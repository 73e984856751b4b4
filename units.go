package rapbot

import (
	"fmt"
	"time"
)

// Count writes a number with its noun: 1 commit, 7 commits.
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Bytes writes a size in binary units: 0 B, 512 B, 1.5 MiB.
func Bytes(n int64) string {
	const unit = 1024
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n), -1
	for f >= unit && i < 4 {
		f /= unit
		i++
	}
	return fmt.Sprintf("%.1f %s", f, []string{"KiB", "MiB", "GiB", "TiB", "PiB"}[i])
}

// Duration writes a duration the way people say it, with the precision that
// matters at its size: 420 ms, 3.2 s, 4 min 10 s, 2 h 5 min, 3 d 4 h.
func Duration(d time.Duration) string {
	if d < 0 {
		d = 0
	}
	switch {
	case d == 0:
		return "0 s"
	case d < time.Second:
		return fmt.Sprintf("%d ms", max(1, d.Milliseconds()))
	case d < 10*time.Second:
		return trimZero(fmt.Sprintf("%.1f", d.Seconds())) + " s"
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return two(int(d.Minutes()), "min", int(d.Seconds())%60, "s")
	case d < 48*time.Hour:
		return two(int(d.Hours()), "h", int(d.Minutes())%60, "min")
	}
	return two(int(d.Hours())/24, "d", int(d.Hours())%24, "h")
}

func two(a int, ua string, b int, ub string) string {
	if b == 0 {
		return fmt.Sprintf("%d %s", a, ua)
	}
	return fmt.Sprintf("%d %s %d %s", a, ua, b, ub)
}

func trimZero(s string) string {
	if n := len(s); n > 2 && s[n-2:] == ".0" {
		return s[:n-2]
	}
	return s
}

// String is the lag in both of its measures, or why there is none.
func (l Lag) String() string {
	switch {
	case !l.Streaming && l.Since.IsZero():
		return "not streaming"
	case !l.Streaming:
		return "not streaming since " + l.Since.UTC().Format("15:04:05 UTC")
	case !l.Known:
		return "streaming, but the primary gives no answer to compare with"
	}
	return fmt.Sprintf("%s, %s behind", Bytes(l.Bytes), Duration(l.Time))
}
