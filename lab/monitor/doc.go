// Package monitor is the lab's monitoring, of real programs: a postgres_exporter for each region, a Prometheus with the rules that are
// shipped, and one or more Alertmanagers that notify rapbot. All of them listen on loopback at ports that the system gives, write into one
// folder, and end with the lab.
//
// Alertmanagers gossip when they are to, over wires that can be cut; else each of them tells rapbot everything. The programs are those that
// lab/installed finds.
//
// The rules may be shortened, because nobody waits five minutes for a test: only durations and limits are replaced, so that the very same
// expressions run.
package monitor
