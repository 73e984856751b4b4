// Package charts holds the files of the charts that run outside Kubernetes
// too, so that the lab runs the very ones that are shipped.
package charts

import _ "embed" // the files

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
