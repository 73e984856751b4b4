// Package charts holds the Helm charts, and by themselves the files of them that run outside Kubernetes
// too, so that the lab runs the very ones that are shipped.
package charts

import "embed"

// FS holds the charts, each in a folder of its name: rap-analyzer, postgresql, rapbot; and in multi-region the values of each region.
//
//go:embed all:rap-analyzer all:postgresql all:rapbot all:multi-region
var FS embed.FS

// BootGate is the shell script that every PostgreSQL server is started by. Its
// first lines say what it needs and promises.
//
//go:embed postgresql/files/boot-gate.sh
var BootGate string

// Volume is the script that reads a stopped server's data, and makes them a
// copy of another server's again. Its head says how it is called.
//
//go:embed postgresql/files/volume.sh
var Volume string

// Grants is the SQL that makes what rapbot's role needs and gives it no more. Where {{.SlotPattern}} stands in it come the
// fleet's slots: use1|usw2|euw1. Grants15 or, before PostgreSQL 15, Grants13 goes on from there.
var (
	//go:embed postgresql/files/grants.sql
	Grants string
	//go:embed postgresql/files/grants15.sql
	Grants15 string
	//go:embed postgresql/files/grants13.sql
	Grants13 string
)

// GrantsRewind is the SQL that lets the role replicator serve pg_rewind, in the database that it connects to.
//
//go:embed postgresql/files/rewind.sql
var GrantsRewind string
