// Package scenarios holds the tests that need the whole world: the real rapbot
// binary, three real PostgreSQL servers, a writer whose acknowledged rows are
// counted afterwards, a probe that watches for two writable primaries, and
// the emulated Slack that people of the tests act in.
package scenarios
