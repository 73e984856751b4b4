package argv

import (
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"

	"github.com/rap-analyzer/rapbot"
)

// The shapes of what may become part of a command. None of them can begin an
// option or mean anything to a shell.
var (
	regionShape = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	hostShape   = regexp.MustCompile(`^[0-9A-Za-z:][0-9A-Za-z.:_-]{0,252}$`)
	fromShape   = regexp.MustCompile(`^[0-9A-F]{1,8}/[0-9A-F]{1,8}$`)
)

// fill puts the values into a command's words. An empty from is for commands
// that know no such placeholder.
func (v *Volume) fill(words []string, source, from string) ([]string, error) {
	address, known := v.config.Sources[source]
	if !known || !regionShape.MatchString(source) {
		return nil, rapbot.Refuse(rapbot.NotFound, fmt.Sprintf("No address is known under which %.63q could be copied from.", source),
			"Name a region of the configuration that has postgres.replication_address.")
	}
	host, port, err := net.SplitHostPort(address)
	number, errPort := strconv.ParseUint(port, 10, 16)
	if err != nil || errPort != nil || number == 0 || !hostShape.MatchString(host) {
		return nil, rapbot.Refuse(rapbot.Invalid, fmt.Sprintf("The replication address of %s is not host:port.", source),
			"Correct postgres.replication_address of that region.")
	}
	pairs := []string{"{host}", host, "{port}", port, "{region}", source}
	if from != "" {
		if !fromShape.MatchString(from) {
			return nil, rapbot.Refuse(rapbot.Invalid, "The position to measure from is not one of PostgreSQL's.", "This is a defect of rapbot's own.")
		}
		pairs = append(pairs, "{from}", from)
	}
	values := strings.NewReplacer(pairs...)
	filled := make([]string, len(words))
	for i, word := range words {
		filled[i] = values.Replace(word)
	}
	return filled, nil
}
