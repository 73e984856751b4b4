// Package config reads rapbot's one configuration file: strict YAML, every
// problem reported at once, each with its path, its line and what to do.
//
// The nouns:
//
//   - [Config] is a file that was found to be right. There is no half-valid
//     Config: [Load] and [Parse] give a Config or [Problems], never both.
//   - [Problem] is one mistake: where, what is wrong, and how to put it right.
//   - [Secret] is a value that cannot be printed. Secrets never stand in the
//     file; the file says where they are, as {env: NAME} or {file: path}.
//   - [Sample] is the commented sample file. It is the reference for every key,
//     and a test holds it to the types of this package.
//
// The types carry the whole grammar in their tags: the key (yaml), what is
// assumed when it is left out (default), what to write when it must not be
// (required), and what is allowed (range, oneof). A key left empty counts as
// left out. A zero that is written is a zero: `max_lag: 0s` is out of range and
// not a quiet 30s.
//
// Strict means: an unknown key, a key given twice, a second document, a YAML
// alias, merge key or tag is a problem. What the file says is what is in force.
package config
