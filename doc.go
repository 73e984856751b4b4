// Package rapbot is the language of the domain: who is primary and how far
// behind the others are (Topology), what would be done about it (Plan, Step),
// who said so (Requester, Approver, Decision), what has been done (Operation,
// Record), and how it is told to people (Message, Card).
//
// It imports the standard library only and does no I/O: no clock, no
// randomness, no network. Adapters under integrations carry its steps out;
// package bot runs its moves; package commands puts its verbs into words.
//
// The rules that never bend, cited in the code by number:
//
//	R1  Second person. Nothing destructive runs without a decision by somebody
//	    other than the requester who is in the approver group at that moment.
//	R2  What you saw is what runs. An approval binds to the digest of the plan
//	    that was shown; a plan that has changed asks again.
//	R3  Record before act, observe before repeat. A crash at any point leaves
//	    an operation that continues from what is true.
//	R4  Never two writable primaries. The old primary is proven stopped before
//	    a replica is promoted; read-only is not stopped.
//	R5  A planned switchover loses no acknowledged write, proven on the target.
//	R6  Exactly one executor. A stale holder of the lease cannot write.
//	R7  Say the truth about what has changed. Messages about an operation are
//	    rendered from its records.
//	R8  Nothing that arrives is lost, nothing that arrives is trusted.
//	R9  One region dark never blocks the others.
//	R10 Secrets never leave.
package rapbot
