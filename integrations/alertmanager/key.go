package alertmanager

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"maps"
	"slices"
	"time"

	"github.com/rap-analyzer/rapbot/alert"
)

// key is equal for deliveries that say the same: the peers of an HA pair agree
// on the group and on which alerts are in which state since when, and on
// nothing else. Their external URLs, notification reasons and the order of the
// alerts may differ.
func key(d alert.Delivery) string {
	alerts := slices.Clone(d.Alerts)
	slices.SortFunc(alerts, func(a, b alert.Alert) int {
		return cmp.Or(cmp.Compare(a.Fingerprint, b.Fingerprint), cmp.Compare(a.Status, b.Status), a.StartsAt.Compare(b.StartsAt))
	})
	h := sha256.New()
	part(h, d.GroupKey)
	for _, a := range alerts {
		part(h, a.Fingerprint)
		part(h, a.Status)
		part(h, a.StartsAt.UTC().Format(time.RFC3339Nano))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// fingerprint stands in for one that is missing: it depends on the labels
// alone and has the length of Alertmanager's.
func fingerprint(labels map[string]string) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		part(h, name)
		part(h, labels[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// part writes the length first, so that no two lists of parts look alike.
func part(h hash.Hash, s string) { fmt.Fprintf(h, "%d:%s", len(s), s) }
