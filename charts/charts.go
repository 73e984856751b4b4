// Package charts holds what the Helm charts install that others run too: the lab starts its servers with the same boot gate as a cluster does.
package charts

import _ "embed" // the files

// BootGate is the shell script that every PostgreSQL server is started by. Its first lines say what it needs and promises.
//
//go:embed postgresql/files/boot-gate.sh
var BootGate string
