// Package world puts the lab together: an emulated Slack workspace, three real
// PostgreSQL servers, a writer, and the real rapbot binary, all on loopback.
// docs/lab.md describes what it serves and the facts it writes down.
package world
