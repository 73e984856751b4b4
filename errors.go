package rapbot

import (
	"errors"
	"strings"
)

// Code says what kind of trouble an Error is, so that callers decide by kind
// and never by words.
type Code string

// The kinds of trouble.
const (
	Invalid      Code = "invalid"      // the request makes no sense as it stands
	NotFound     Code = "not_found"    // no such region, operation or person
	Forbidden    Code = "forbidden"    // this person may not do this
	Conflict     Code = "conflict"     // something else is in the way
	Stale        Code = "stale"        // what was decided upon has changed (R2)
	Expired      Code = "expired"      // too late
	Settled      Code = "settled"      // decided already
	Precondition Code = "precondition" // the world is not as a step needs it
	Unavailable  Code = "unavailable"  // no answer from a system outside
	Superseded   Code = "superseded"   // the lease has a newer holder (R6)
	Internal     Code = "internal"     // a defect of rapbot's own
)

// Error is trouble told in three beats: what happened, what has and has not
// been changed, what to do now. Each beat is a whole sentence for a person.
type Error struct {
	Code    Code
	What    string
	Seen    []StepLine // what the first beat rests upon, where that is for a person to judge
	Changed string
	Now     string // what is to be typed stands between backticks where it is to be copied
	Err     error  // the cause for the log; never shown to people
}

// Error joins the beats.
func (e *Error) Error() string {
	var beats []string
	for _, b := range []string{e.What, e.Changed, e.Now} {
		if b != "" {
			beats = append(beats, b)
		}
	}
	return strings.Join(beats, " ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Refuse is the commonest error: a request turned down before anything
// happened.
func Refuse(code Code, what, now string) *Error {
	return &Error{Code: code, What: what, Changed: "Nothing was changed.", Now: now}
}

// ErrorCode returns the code of err, Internal when it is not one of ours and
// the empty code when err is nil.
func ErrorCode(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}
