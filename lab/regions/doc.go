// Package regions runs the regions' databases on one machine: real PostgreSQL servers on loopback, one primary and its
// streaming replicas, with a Writer that stands for the application and a Probe that watches who takes writes.
//
// The nouns:
//
//   - Fleet: all the servers, in one folder, alive as long as this process. It is made anew at each Start.
//   - Server: the PostgreSQL of one region, behind its boot gate. It can be stopped, killed, started as a primary or as a replica, and the
//     process that receives its WAL can be frozen. While it is stopped its data can be read, rewound and rebuilt, by the script that the
//     chart ships.
//   - Writer: numbered rows through the application's multi-host address, and which of them were acknowledged.
//   - Probe: every 50 ms a write tried on each server, to prove that no two of them took writes at once.
//
// The fleet does what it is told and decides nothing: it never promotes, rewinds nothing unasked and never picks a primary. Every server is started by
// the boot gate of the Helm chart, with the other regions as its peers. So a killed primary that is started again comes up only when they have
// nothing against it, and one that is being replaced, or has lost all of them, stops itself; State is then Held, and GateState says why.
//
// Nothing outlives the process. Each server is a child that the kernel kills when this process ends, kill -9 included; its
// ports are held while the server is down, so that it comes back under the address the others know.
//
// Linux only: it reads /proc and asks the kernel for a signal at the parent's death.
package regions
