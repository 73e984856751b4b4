// Package page holds the web page of the lab: a Slack look-alike over the person API, and the world beside it.
// It is plain HTML, CSS and ES modules; there is nothing to build and it asks no other host for anything.
package page

import "embed"

// FS has index.html at its root and everything else under static/.
//
//go:embed index.html static
var FS embed.FS
