package config

import (
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes.
type Size int64

// The units of a size, as they are written in the file.
const (
	Byte     Size = 1
	Kilobyte      = 1000 * Byte
	Kibibyte      = 1024 * Byte
	Megabyte      = 1000 * Kilobyte
	Mebibyte      = 1024 * Kibibyte
	Gibibyte      = 1024 * Mebibyte
)

// units is searched in order: every unit before one that it ends with.
var units = []struct {
	name string
	size Size
}{
	{"GiB", Gibibyte}, {"MiB", Mebibyte}, {"KiB", Kibibyte}, {"MB", Megabyte}, {"kB", Kilobyte}, {"B", Byte},
}

// String gives the size in the largest unit that leaves it whole, such as 16MiB.
func (s Size) String() string {
	for _, unit := range units {
		if s != 0 && s%unit.size == 0 {
			return strconv.FormatInt(int64(s/unit.size), 10) + unit.name
		}
	}
	return "0B"
}

// parseSize takes a whole number and a unit. A bare number is refused: it is as
// often meant in megabytes as in bytes.
func parseSize(text string) (Size, bool) {
	for _, unit := range units {
		digits, found := strings.CutSuffix(text, unit.name)
		if !found {
			continue
		}
		count, err := strconv.ParseUint(strings.TrimRight(digits, " "), 10, 63)
		if err != nil || count > uint64(math.MaxInt64/unit.size) {
			return 0, false
		}
		return Size(count) * unit.size, true
	}
	return 0, false
}
