// Package alertmanager takes alerts in from Prometheus' Alertmanager, says what
// they look like, and makes silences there. Of an alert nothing is sent and
// nothing fetched: whatever stands in one is text, its links included.
//
//	POST /alertmanager -> NewHandler -> Decode -> Accepter   (durable, then 2xx)
//	rapbot.AlertGroup  -> Renderer (the operator's templates, may fail) -> Card
//	rapbot.Silence    <-> Silences <-> /api/v2/silences of the first member that answers
//
// The nouns:
//
//   - a delivery is one webhook call. [Decode] makes it from a body of payload
//     version 4 and gives it a Key that an HA pair of Alertmanagers agrees on.
//   - [NewHandler] is the webhook. Alertmanager never repeats what was answered
//     with a 4xx, 429 included, so only what can never be right is answered
//     with one; whatever may pass later is a 503.
//   - a [Renderer] runs an operator's Alertmanager templates. They are proven
//     when they are loaded and bounded when they run, and their failure is an
//     error: the caller falls back to the built-in card.
//   - [Silences] makes, ends and lists silences. One that may have been made is
//     never asked for a second time, and its error says that it may have been.
//   - [Card] is the one message of an alert group, built from values alone.
//
// Nothing that arrives is trusted (R8). Values are stripped of control and
// bidirectional characters and bounded wherever they are shown; they are
// escaped for chat before a template sees them, because templates may emit
// links themselves; and no value is ever run as a template.
package alertmanager
