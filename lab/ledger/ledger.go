// Package ledger reads what lab/workload notes of its rows: a line for each one that the database has acknowledged.
package ledger

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// Row is one acknowledged row.
type Row struct {
	Writer string
	Number int64
	At     time.Time
}

// Key names the row, as KeySQL does.
func (r Row) Key() string { return fmt.Sprint(r.Writer, " ", r.Number) }

// KeySQL lists the rows that a database has by their keys.
const KeySQL = "SELECT writer || ' ' || number FROM analyses"

// Read reads the whole lines that there are, and says how many bytes they
// take: half a line is one that is being written.
func Read(r io.Reader) (rows []Row, read int64, err error) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return rows, read, nil
		}
		if err != nil {
			return rows, read, err
		}
		row, err := parse(line)
		if err != nil {
			return rows, read, err
		}
		rows, read = append(rows, row), read+int64(len(line))
	}
}

func parse(line string) (row Row, err error) {
	var at string
	if _, err := fmt.Sscan(line, &row.Writer, &row.Number, &at); err != nil {
		return row, fmt.Errorf("no acknowledged row: %q: %w", strings.TrimSpace(line), err)
	}
	row.At, err = time.Parse(time.RFC3339Nano, at)
	return row, err
}

// Missing are the rows that are not among the keys that a database has.
func Missing(rows []Row, keys []string) (missing []Row) {
	there := make(map[string]bool, len(keys))
	for _, key := range keys {
		there[key] = true
	}
	for _, row := range rows {
		if !there[row.Key()] {
			missing = append(missing, row)
		}
	}
	return missing
}
