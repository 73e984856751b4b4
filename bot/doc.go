// Package bot is the running bot, embeddable: events come in, cards go out,
// and between them one runner makes the moves of the open operation.
//
//	event ──▶ desk ──▶ book (journal) ◀──▶ runner ──▶ doers
//	                     │
//	                     └──▶ screen ──▶ chat
//
// The desk decides who may do what. The book is the journal with its present
// term: nothing is known here that is not written there first (R3). The
// runner asks rapbot.Next for the one move and makes it. The screen brings
// what people see into line with what the book says (R7). Each of them can be
// stopped at any instruction and started again.
package bot
