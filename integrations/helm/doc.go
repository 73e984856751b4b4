// Package helm keeps the regions' releases with Helm's own library: the same
// charts, the same history and the same words as helm at the prompt, so that
// whatever rapbot has done can be looked at and mended with helm by hand.
//
// Values come from four places, the later over the earlier: the chart's own,
// Part.Base, the values files in their order, and what people set. The first
// three are read anew for each call and become the chart's values as Helm
// stores them; only what people set is in the release's own values ("helm get
// values"). So what somebody set, the address of the database after a failover
// for example, stays until it is set to something else, and a values file that
// was changed comes through for everything else. Of a release that helm made by
// hand, with its files among its own values, everything that is no different
// from the files of today counts as not set.
//
// Rules:
//
//   - A preview changes nothing: it renders on a copy of the history in memory,
//     and every object is sent to the API server as a dry run.
//   - A change is checked in the same way before its first object is applied.
//   - Helm is never interrupted. A change runs to its end or to its deadline,
//     even when the caller has given up; its requests end with the deadline.
//   - Each call has clients and discovery of its own, so that a region that does
//     not answer holds nobody else up (R9). There is one change of a release at a
//     time.
//   - No volume claim and no namespace is ever deleted: such a request does not
//     leave.
//   - No secret stands in a diff, an error, a release's words or the log (R10).
//
// Helm marks a release pending while it is at it, and it stays so when Helm was
// killed. Who is at it is told by this rule: labels on the revision say which
// rapbot began it, by the name of its lease (Config.Owner), and until when its
// requests can last. The lease is ours, so nobody else with its name is alive,
// and in this process changes of a release exclude each other: a revision with
// our name is dead, and put right at once. One with another rapbot's name is
// dead after its deadline. One without a name is helm's at somebody's prompt,
// and counts as dead when nothing was written to it for Config.Abandoned.
package helm
