package workspace

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// names mints identifiers. They count up, so two runs of one play name their messages and views alike.
type names struct{ count map[string]int }

// next is a fresh id: a letter as Slack uses it, then capitals and digits.
func (n *names) next(prefix string) string {
	if n.count == nil {
		n.count = map[string]int{}
	}
	n.count[prefix]++
	return fmt.Sprintf("%s07%08s", prefix, "LAB"+pad(strings.ToUpper(strconv.FormatInt(int64(n.count[prefix]), 36)), 5))
}

func pad(s string, width int) string {
	return strings.Repeat("0", max(0, width-len(s))) + s
}

// envelopeID is a UUID in form: SDKs log it and nothing parses it.
func (n *names) envelopeID() string {
	s := secret(16)
	return s[0:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:32]
}

// secret is for what must not be guessed: tickets, response URLs, trigger ids.
func secret(bytes int) string {
	raw := make([]byte, bytes)
	_, _ = rand.Read(raw) // never fails, see crypto/rand
	return hex.EncodeToString(raw)
}

// stamp is a message's ts: seconds and six decimals, unique and rising within a channel.
func (c *channel) stamp(now time.Time) string {
	micros := max(now.UnixMicro(), c.lastStamp+1)
	c.lastStamp = micros
	return fmt.Sprintf("%d.%06d", micros/1e6, micros%1e6)
}

// short is an id for a block or element that came without one.
func (n *names) short() string {
	n.next("block")
	return pad(strconv.FormatInt(int64(n.count["block"]), 36), 5)
}
