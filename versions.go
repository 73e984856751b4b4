package rapbot

import "fmt"

// Ability is what one major version of PostgreSQL can do that another cannot.
// Whatever depends on a version asks the table of these.
type Ability struct {
	Major int

	TargetSessionPrimary bool // a replica can look for a primary (target_session_attrs) and not only for a server that takes writes
	GrantsOnParameters   bool // a role that is no superuser can be given ALTER SYSTEM
	CheckpointRole       bool // a role that is no superuser can be given CHECKPOINT
	WALInspect           bool // a replica's own log can be read by SQL (pg_walinspect)
	ReservedConnections  bool // connections can be kept for a role that is no superuser
	RewindAfterPromotion bool // pg_rewind needs no checkpoint on a server that was just promoted
	SlotReasons          bool // a slot tells why it is of no more use, and since when nobody uses it
	AllowAlterSystem     bool // ALTER SYSTEM may be forbidden by a setting
	IdleSlotTimeout      bool // a slot that nobody uses may be given up after a time
	ChecksumsByDefault   bool // initdb turns data checksums on by itself
}

// abilities has a line for each version that the tests run on.
var abilities = []Ability{
	{Major: 13},
	{Major: 14, TargetSessionPrimary: true},
	{Major: 15, TargetSessionPrimary: true, GrantsOnParameters: true, CheckpointRole: true, WALInspect: true},
	{
		Major: 16, TargetSessionPrimary: true, GrantsOnParameters: true, CheckpointRole: true, WALInspect: true,
		ReservedConnections: true, RewindAfterPromotion: true,
	},
	{
		Major: 17, TargetSessionPrimary: true, GrantsOnParameters: true, CheckpointRole: true, WALInspect: true,
		ReservedConnections: true, RewindAfterPromotion: true, SlotReasons: true, AllowAlterSystem: true,
	},
	{
		Major: 18, TargetSessionPrimary: true, GrantsOnParameters: true, CheckpointRole: true, WALInspect: true,
		ReservedConnections: true, RewindAfterPromotion: true, SlotReasons: true, AllowAlterSystem: true,
		IdleSlotTimeout: true, ChecksumsByDefault: true,
	},
}

// OldestMajor is the first version in which a replica takes a new
// primary_conninfo without a restart. Older ones are refused.
func OldestMajor() int { return abilities[0].Major }

// NewestMajor is the newest version that rapbot has been tested on.
func NewestMajor() int { return abilities[len(abilities)-1].Major }

// AbilityOf is what a major version can do. One newer than the table counts as
// the newest in it, because PostgreSQL has taken none of these back; one older
// can do nothing.
func AbilityOf(major int) Ability {
	able := Ability{Major: major}
	for _, a := range abilities {
		if a.Major <= major {
			able = a
		}
	}
	able.Major = major
	return able
}

// Abilities lists the table, the oldest version first.
func Abilities() []Ability { return append([]Ability(nil), abilities...) }

// Ability is what this server can do by its version.
func (s Server) Ability() Ability { return AbilityOf(s.Version / 10000) }

// TooOld is why a server of an older version is not worked with.
func TooOld(major int) string {
	return fmt.Sprintf("PostgreSQL %d is too old for rapbot: before %d a replica finds a new primary only by a restart", major, OldestMajor())
}

// VersionName turns server_version_num into the name people use: 150018 is 15.18.
func VersionName(num int) string {
	if num == 0 {
		return "of unknown version"
	}
	return fmt.Sprintf("%d.%d", num/10000, num%10000)
}

// versionCheck warns of a version that is newer than the tests. It need not be
// refused: what a switchover rests upon (R4, R5) is asked of the servers in
// each step and not concluded from a version, so that what has changed there
// leads to a roll-back before anybody is promoted, and not to a loss. What is
// known of PostgreSQL 19 that would spoil the stop has a check of its own.
func versionCheck(primary, target Region) Check {
	a, b := primary.Server.Version, target.Server.Version
	detail := fmt.Sprintf("%s on %s, %s on %s", VersionName(a), primary.Name, VersionName(b), target.Name)
	switch major := b / 10000; {
	case a/10000 != major:
		return Check{Name: "Versions", Verdict: Fail, Detail: detail, Fix: "Physical replication needs the same major version."}
	case major < OldestMajor():
		return Check{Name: "Versions", Verdict: Fail, Detail: detail, Fix: TooOld(major) + "."}
	case major > NewestMajor():
		return Check{Name: "Versions", Verdict: Warn, Detail: fmt.Sprintf("%s; this rapbot was tested up to %d", detail, NewestMajor())}
	case a != b:
		return Check{Name: "Versions", Verdict: Warn, Detail: detail}
	}
	return Check{Name: "Versions", Verdict: Pass, Detail: detail}
}
