// Package api is how the parts of the lab answer over HTTP, as docs/lab.md says: JSON, and what cannot be in words under a status of its own.
package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// longest is how long an act may take that was asked for: a shutdown waits for its checkpoint.
const longest = 2 * time.Minute

// Object is an answer, or a part of one.
type Object map[string]any

// Refusal is an error with a status of its own, mostly of the caller's making.
type Refusal struct {
	Status int
	Words  string
}

func (r Refusal) Error() string { return r.Words }

// Refuse makes a refusal of the words.
func Refuse(status int, format string, args ...any) error {
	return Refusal{status, fmt.Sprintf(format, args...)}
}

// Handle turns a result into JSON, and an error into {"ok":false,"error":"words"} under the status of the refusal in it, or 500 when there is none.
func Handle(serve func(context.Context, *http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), longest)
		defer cancel()
		result, err := serve(ctx, r)
		Answer(w, result, err)
	}
}

// Answer gives a result, or the error instead.
func Answer(w http.ResponseWriter, result any, err error) {
	status := http.StatusOK
	if err != nil {
		result, status = Object{"ok": false, "error": err.Error()}, http.StatusInternalServerError
		var refused Refusal
		if errors.As(err, &refused) {
			status = refused.Status
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(result) // the caller has gone
}

// Read reads the body of a request, of which the example is one.
func Read(r *http.Request, into any, example string) error {
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, 1<<16)).Decode(into); err != nil {
		return Refuse(http.StatusBadRequest, "the body is no JSON object such as %s", example)
	}
	return nil
}
