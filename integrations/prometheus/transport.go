package prometheus

import (
	"errors"
	"io"
	"net/http"
)

// maxAnswer bounds what is read of an answer: five thousand points of a region
// are some 150 kB.
const maxAnswer = 8 << 20

var errTooLong = errors.New("the answer is too long")

// transport adds the token and bounds the answer, which the client would read
// whole.
type transport struct {
	token string
	next  http.RoundTripper
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.token != "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+t.token)
	}
	resp, err := t.next.RoundTrip(r)
	if err == nil {
		resp.Body = &bounded{ReadCloser: resp.Body, left: maxAnswer}
	}
	return resp, err
}

// bounded fails when there is more than it may read.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
