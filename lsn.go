package rapbot

import (
	"fmt"
	"strconv"
	"strings"
)

// LSN is a position in the write-ahead log, in bytes since the log's origin.
// Zero means unknown.
type LSN uint64

// ParseLSN reads PostgreSQL's form of a position: two hexadecimal numbers
// with a slash between them, as in 16/B374D848.
func ParseLSN(s string) (LSN, error) {
	hi, lo, ok := strings.Cut(s, "/")
	if !ok {
		return 0, fmt.Errorf("parse lsn %q: no slash", s)
	}
	h, err := strconv.ParseUint(hi, 16, 32)
	if err != nil {
		return 0, fmt.Errorf("parse lsn %q: %w", s, err)
	}
	l, err := strconv.ParseUint(lo, 16, 32)
	if err != nil {
		return 0, fmt.Errorf("parse lsn %q: %w", s, err)
	}
	return LSN(h<<32 | l), nil
}

// String is PostgreSQL's form; the empty string for an unknown position.
func (l LSN) String() string {
	if l == 0 {
		return ""
	}
	return fmt.Sprintf("%X/%X", uint64(l)>>32, uint32(l))
}

// MarshalText is String.
func (l LSN) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText is ParseLSN; an empty text is the unknown position.
func (l *LSN) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*l = 0
		return nil
	}
	v, err := ParseLSN(string(b))
	if err != nil {
		return err
	}
	*l = v
	return nil
}

// BytesPast is how many bytes l lies beyond other; never negative, because two
// servers are never sampled at quite the same instant.
func (l LSN) BytesPast(other LSN) int64 {
	if l <= other {
		return 0
	}
	return int64(l - other)
}
