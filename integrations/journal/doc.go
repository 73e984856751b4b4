// Package journal keeps the journal in one SQLite file: the operations with
// their records, what arrives from outside, and where the regions stood for the
// last day. Whatever a call acknowledged survives the death of the process.
// Samples excepted, it is on disk and survives the death of the machine too.
//
// A write is one transaction of the only writer connection. Inside it the term
// is compared with the newest (R6), the operation is rebuilt from its records,
// and the transition table has its say; so nothing that was read can change
// before it is written upon. Readers have connections of their own and see
// every write that was acknowledged before they began. What arrives from
// outside may come in storms, and shares its commits; see sharedCommits. Samples
// come every second and have a connection that does not wait for the disk, so
// that no operation waits for them; see samplerOptions.
//
// The right to execute is guarded twice:
//
//	journal.db.lock   a lock of the operating system, which one process holds
//	                  and which falls free the moment that process is dead
//	terms             a number that rises at every Acquire; a write under an
//	                  older one is refused
//
// The lock keeps a second process from starting to execute. The term keeps a
// first one from going on when the lock was taken from it all the same, by a
// removed lock file or a copied volume.
//
// Both want a local file system. SQLite's WAL and the lock do not work over a
// network share, and several hosts need the journal on PostgreSQL.
//
//	Open ──► not there, or empty ──► stamped, migrated ──► ready
//	     ├─► a journal, older or equal ──► migrated ─────► ready
//	     └─► newer, or something else ──► error; left as it is
package journal
