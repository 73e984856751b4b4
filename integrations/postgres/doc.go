// Package postgres observes the regions' PostgreSQL servers and carries out
// the steps of a switchover or a failover on them, by SQL and through each region's
// rapbot.Instance.
//
// The nouns:
//
//   - Fleet: all the regions; a rapbot.Fleet. Every second it asks all of them
//     at once, one round trip each, and answers Topology from memory.
//   - link: a few warm connections to one region, by the least-privilege login
//     rapbot. Connecting takes time that the write window does not have.
//   - memory: what is known of one region after its last look.
//   - standing: what a step needs to know of one server, at this moment.
//   - standstill: a frozen replica that has replayed all it has. Nothing moves
//     there any more, so what is seen of it is true until it is let go.
//   - mark: a row of rapbot.journal on the databases themselves. Where it is
//     visible, everything committed before it is there too.
//
// Under failure:
//
//   - Every question has a deadline, and a region that gives no answer keeps
//     no other one waiting (R9). What is not known is said to be unknown.
//   - A step asks the servers what is true, before it acts and after (R3). What
//     it remembers by itself only makes it quicker or its figures finer, and
//     may be lost at any moment.
//   - In a switchover nothing is promoted while the old primary runs or may run
//     (R4), and not before the target's own log ends with the old primary's
//     shutdown checkpoint (R5); on versions that cannot show it, not before the
//     weaker proof that the plan names.
//   - In a failover nothing is promoted while the old primary answers anything,
//     or before it is fenced as surely as can be had (R4); every replica in sight
//     stands still, and none has more than the target.
//   - No connection string and no password is part of an error or of a line
//     in the log (R10): errors of the driver end here and are put into words.
package postgres
