// Package argocd changes the application's releases of regions that Argo CD
// keeps. One ApplicationSet has an element for each region; a change of a region
// is a patch of its element, and Argo CD brings it to the cluster. Nothing else is
// written anywhere, so that rapbot and Argo CD never want two different things.
//
// Which value of the chart an element's key becomes is read from the
// ApplicationSet's own template: of the parameter {name: image.tag, value:
// "{{.version}}"} follows that image.tag=v2 is version: v2 of the element. A value
// that no key leads to is refused.
//
// Rules:
//
//   - A change is one JSON patch, of the element's keys and of its history
//     together, which says what was there before and fails when that has changed.
//   - The history is an annotation of the ApplicationSet for each region, by
//     revision, so that a rapbot that was killed leaves behind what it takes to go
//     back. An element that is not as its newest revision was changed by somebody
//     else: that is a revision too, and is written down with the next change.
//   - Going back to a revision leaves where the primary is as it is now.
//   - Every call ends with its deadline, whatever hangs (R9).
//   - What Argo CD says is bounded, and no credentials are in it (R10).
package argocd
