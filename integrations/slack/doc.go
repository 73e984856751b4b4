// Package slack is rapbot's Slack: what people do comes in over Socket Mode,
// what rapbot says goes out over the Web API.
//
// Its nouns:
//
//   - Adapter: all of it; rapbot.Chat and rapbot.Directory.
//   - Event: one thing a person did, in no words of any SDK.
//   - link: one Socket Mode connection, from its opening until it is lost.
//   - gate: every link passes it before it opens; it keeps a storm of openings
//     from ever reaching Slack.
//   - desk: the bounded workers that events are handled by, one lane a person.
//   - answer: how the person behind one event is answered in private.
//   - page: one message being edited.
//
// Rules under failure:
//
//   - An envelope is acknowledged before anything is done about it, and nothing
//     is done about one that could not be acknowledged: Slack has told that
//     person that it failed, or will deliver it again.
//   - Reading a socket never waits for a handler, a worker or an
//     acknowledgement.
//   - A call that may have taken effect is not repeated unless doing it twice
//     does no harm. A post is looked for by its key first, a file by the mark of
//     its key in its name.
//   - The newest content of an edited message goes out, late rather than never.
//   - Nobody's approval is found out from a directory that did not answer (R1).
//   - No token and no address with a secret in it is in an error or a log line
//     (R10): everything that leaves passes scrub.
//
// Whatever is shown passes Render, which is the one place that escapes and
// bounds (R8).
package slack
