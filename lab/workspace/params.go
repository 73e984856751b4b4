package workspace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// params are the arguments of one Web API call, however they came.
type params map[string]any

// bodyLimit bounds what is read of any request.
const bodyLimit = 4 << 20

var errParams = errors.New("unreadable body")

// readParams reads a form, JSON or multipart body and the query (https://docs.slack.dev/apis/web-api/#post-bodies).
func readParams(w http.ResponseWriter, r *http.Request) (params, error) {
	r.Body = http.MaxBytesReader(w, r.Body, bodyLimit)
	out := params{}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" {
		return out, readJSON(w, r, &out)
	}
	err := r.ParseForm()
	if kind == "multipart/form-data" {
		err = r.ParseMultipartForm(bodyLimit)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errParams, err)
	}
	for key, values := range r.Form {
		out[key] = values[0]
	}
	return out, nil
}

// readJSON reads a JSON body; an empty one is an empty object.
func readJSON(w http.ResponseWriter, r *http.Request, into any) error {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err == nil && len(bytes.TrimSpace(raw)) > 0 {
		err = decode(raw, into)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errParams, err)
	}
	return nil
}

// decode reads JSON and keeps numbers as they were written.
func decode(raw []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// str is an argument as text.
func (p params) str(key string) string {
	switch value := p[key].(type) {
	case string:
		return value
	case json.Number:
		return value.String()
	case bool:
		return strconv.FormatBool(value)
	default:
		return ""
	}
}

// yes is a boolean argument: true, "true" or 1.
func (p params) yes(key string) bool {
	yes, _ := strconv.ParseBool(p.str(key))
	return yes
}

// number is a numeric argument, or the fallback.
func (p params) number(key string, fallback int) int {
	if n, err := strconv.Atoi(p.str(key)); err == nil {
		return n
	}
	return fallback
}

// raw is a structured argument: JSON in a form's text, or a value within JSON. Nil when absent, empty or null.
func (p params) raw(key string) json.RawMessage {
	switch value := p[key].(type) {
	case nil:
		return nil
	case string:
		if strings.TrimSpace(value) == "" || strings.TrimSpace(value) == "null" {
			return nil
		}
		return json.RawMessage(value)
	default:
		return encode(value)
	}
}

// encode is JSON with <, > and & left readable.
func encode(value any) json.RawMessage {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return json.RawMessage("null")
	}
	return bytes.TrimSpace(out.Bytes())
}

// writeJSON answers a request.
func writeJSON(w http.ResponseWriter, status int, value any) { writeRaw(w, status, encode(value)) }

func writeRaw(w http.ResponseWriter, status int, raw json.RawMessage) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(raw) // the other side may have gone; there is nobody to tell
}
