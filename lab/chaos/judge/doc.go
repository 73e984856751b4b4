// Package judge decides whether rapbot kept its promises in one run of chaos. It sees nothing by itself: it is given what
// witnesses outside rapbot saw, and the journal's records, as one History, and holds the twelve invariants against it.
//
// The nouns:
//
//   - History: one run, from the first disturbance until the fleet was whole again.
//   - Invariant: one promise, with the number by which it is known, I1 to I12.
//   - Breach: one promise that one run broke, in words.
package judge
