// Package monitor is the lab's monitoring, of real programs: a postgres_exporter for each region, a Prometheus with the rules that are
// shipped, and one or more Alertmanagers that notify rapbot. All of them listen on loopback at ports that the system gives, write into one
// folder, and end with the lab.
//
// The rules may be shortened, because nobody waits five minutes for a test: only durations and limits are replaced, so that the very same
// expressions run.
package monitor
