// Package charts holds the files of the charts that run outside Kubernetes
// too, so that the lab runs the very ones that are shipped.
package charts

import _ "embed" // the files

// Volume is the script that reads a stopped server's data, and makes them a
// copy of another server's again. Its head says how it is called.
//
//go:embed postgresql/files/volume.sh
var Volume string
