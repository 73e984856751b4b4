// Package ledger is what every journal has in common, whatever it is kept in:
// the form in which values are kept, the rules that a write must obey, and the
// words with which it is refused.
//
// Values are kept as JSON, samples as whole numbers, with all times in UTC.
// What is written is decoded again before it is handed back, so that a caller
// sees at once what it will read after a crash.
package ledger
