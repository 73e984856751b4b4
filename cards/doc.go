// Package cards says what the things of the domain look like as messages: a
// fleet, a plan, an operation and the news of it. Every function is pure, and
// everything said of an operation is taken from its records (R7).
package cards
