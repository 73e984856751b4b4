// Package play runs chaos: operations of rapbot in the lab's world, with real servers and the real binary, while things are
// killed, frozen, cut and restarted, and people press what they should not.
//
// The nouns:
//
//   - Scenario: one run as data, drawn from a seed and the run's number and from nothing else. It speaks of roles (primary,
//     target, bystander) and not of regions, so that it is the same whoever is the primary when it begins.
//   - Disturbance: one thing of a Scenario that goes wrong, and its Cue: when.
//   - Stage: a running world with what is watched in it. Many runs follow one another on one Stage.
//   - Result: what came of one run: the operations, what was measured, and the breaches that package judge found.
//
// Which act of a disturbance meets which act of rapbot is decided by the machine's scheduler too, so a run that is played
// again is the same in everything that was drawn, and not to the microsecond.
package play
