// Package workspace is a Slack workspace emulated at the wire: the Web API, Socket Mode, response URLs, modals and the
// people in front of them. A bot built with any Slack SDK runs against it unchanged; only the API's address differs.
//
// Its nouns:
//
//   - Workspace: everything, behind one mutex. Handler serves it, Start puts it on a port.
//   - Actor: one person, as w.As("alice"). What a person can do and see; the person API is a thin layer over it.
//   - socket: one Socket Mode connection of the app; an envelope goes to any one of them.
//   - delivery: one envelope, from the moment it was sent until it was acknowledged or given up.
//   - view: a modal or a Home tab. A modal lives in its person's stack, at most three deep.
//   - Faults: what is broken on purpose.
//
// Rules under failure, taken from Slack's documentation (https://docs.slack.dev):
//
//   - An envelope that is not acknowledged in AckTimeout has failed. Slash commands and clicks are never redelivered, the
//     person sees an error; events are redelivered with retry_attempt and retry_reason.
//   - A Web API call that fails has changed nothing, except under the fault eof_after_commit, whose point is that it has.
//   - The clock of triggers, response URLs and pacing is Options.Clock; sockets, pings and acknowledgements live in real
//     time because a network does.
//
// The person API of docs/lab.md has three additions here: click and choose take {"view_id"} in place of {"channel","ts"}, for
// modals and the Home tab; POST /person/{name}/suggest {"view_id" or "channel","ts", "action_id","value"} answers what an
// external select offers; a person's "dm" in /workspace, or the channel name "@rap", is their conversation with the app.
//
// Where Slack's documentation is silent a choice was made: a redelivered event has a fresh envelope_id and its old event_id; an
// acknowledgement counts on whichever socket it comes; an ephemeral message is named in a click's payload but not carried; a spent
// response_url answers 404; an upload URL lives for UploadLife; a file completed twice is not found; a file is shared only where
// the app is a member. As in Slack, completing an upload answers before its message stands, and tells nothing of it. Not emulated: shortcuts, streaming and assistant methods, group messages, pins, link unfurling,
// reactions by people, workflows, Enterprise Grid, joining and leaving channels, and the limit of 30,000 events an hour.
//
// Inside the package an unexported method expects mu to be held, unless its name begins with serve, run or await.
// Nothing blocks while mu is held: frames and page events go through buffered queues.
package workspace
