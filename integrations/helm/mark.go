package helm

import (
	"errors"
	"regexp"
	"strconv"
	"time"

	ri "helm.sh/helm/v4/pkg/release"
	"helm.sh/helm/v4/pkg/release/common"
	release "helm.sh/helm/v4/pkg/release/v1"
	"helm.sh/helm/v4/pkg/storage/driver"
)

// The labels of a revision that rapbot is at. Helm at the prompt copies the
// labels of the revision before, so that they count only with their revision's
// own number.
const (
	markRevision = "rapbot/revision"
	markOwner    = "rapbot/owner"
	markUntil    = "rapbot/until" // seconds since 1970, when the last of its requests has ended
)

var ownerShape = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$`)

func ownerFault(owner string) []error {
	if ownerShape.MatchString(owner) && owner != "null" { // which Helm takes for "no label"
		return nil
	}
	return []error{errors.New("helm: the owner's name is none for a label: at most 63 letters, digits, - _ . with a letter or digit at both ends")}
}

// marking is Helm's storage; it marks every revision that is being worked at
// before the first object is touched.
type marking struct {
	driver.Driver
	owner string
	until time.Time
}

func (m *marking) Create(key string, r ri.Releaser) error {
	m.mark(r)
	return m.Driver.Create(key, r)
}

func (m *marking) Update(key string, r ri.Releaser) error {
	m.mark(r)
	return m.Driver.Update(key, r)
}

func (m *marking) mark(r ri.Releaser) {
	rel, is := r.(*release.Release)
	if !is || !underway(rel) {
		return
	}
	labels := map[string]string{}
	for name, value := range rel.Labels {
		labels[name] = value
	}
	labels[markRevision] = strconv.Itoa(rel.Version)
	labels[markOwner] = m.owner
	labels[markUntil] = strconv.FormatInt(m.until.Unix()+1, 10)
	rel.Labels = labels
}

// underway reports whether Helm is at a revision, or was killed at it.
func underway(r *release.Release) bool {
	return r.Info.Status.IsPending() || r.Info.Status == common.StatusUninstalling
}

// marked returns who was at a revision, as far as rapbots have said so.
func marked(r *release.Release) (owner string, until time.Time, is bool) {
	if r.Labels[markRevision] != strconv.Itoa(r.Version) {
		return "", time.Time{}, false
	}
	seconds, err := strconv.ParseInt(r.Labels[markUntil], 10, 64)
	return r.Labels[markOwner], time.Unix(seconds, 0), err == nil
}
