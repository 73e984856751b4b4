package helm

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rap-analyzer/rapbot/integrations/helm/internal/manifest"
)

// requestTime bounds one request, answer included. The requests of a call are
// bounded by the call's time besides.
const requestTime = 10 * time.Second

// maxAnswer bounds what is read of an answer: a history of ten large releases
// is some 10 MB.
const maxAnswer = 64 << 20

var errElsewhere = errors.New("the answer leads to another server")

var errTooLong = errors.New("the answer is too long")

// transport bounds the requests of one call, none of which Helm gives a
// deadline, and keeps data from being deleted.
type transport struct {
	ctx  context.Context // of the call
	host string          // of the API server
	hide *manifest.Hider
	lost *atomic.Bool // set when a request got no answer
	next http.RoundTripper
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != t.host {
		t.lost.Store(true)
		return nil, errElsewhere // a redirect: client-go would send the token there too
	}
	if scheme, credential, found := strings.Cut(r.Header.Get("Authorization"), " "); found && scheme != "" {
		t.hide.Add(credential)
	}
	if r.Method == http.MethodDelete && holdsData(r.URL.Path) {
		return notThere(r), nil
	}
	ctx, cancel := context.WithCancel(r.Context())
	unlink := context.AfterFunc(t.ctx, cancel)
	end := func() { unlink(); cancel() }
	if !isWatch(r) {
		timer := time.AfterFunc(requestTime, cancel)
		end = func() { timer.Stop(); unlink(); cancel() }
	}
	resp, err := t.next.RoundTrip(r.WithContext(ctx))
	if err != nil {
		end()
		t.lost.CompareAndSwap(false, r.Context().Err() == nil) // what Helm itself ended was not lost
		return nil, err
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || seconds > 1 {
		resp.Header.Del("Retry-After") // client-go would wait for so long, and knows no deadline
	}
	resp.Body = &answer{ReadCloser: resp.Body, end: end, left: maxAnswer, endless: isWatch(r), lost: t.lost}
	return resp, nil
}

func isWatch(r *http.Request) bool {
	watch := r.URL.Query().Get("watch")
	return watch == "true" || watch == "1"
}

// holdsData reports whether a path is that of a volume, of a claim, or of a
// namespace itself, with which its claims would go.
func holdsData(path string) bool {
	_, resource, core := strings.Cut(path, "/api/v1/") // a proxy may stand before it
	parts := strings.Split(strings.Trim(resource, "/"), "/")
	switch {
	case !core:
		return false
	case parts[0] == "namespaces":
		return len(parts) <= 2 || parts[2] == "persistentvolumeclaims"
	}
	return parts[0] == "persistentvolumes"
}

// notThere is what an API server answers to the deletion of what is gone, which
// Helm takes for success.
func notThere(r *http.Request) *http.Response {
	const body = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"left where it is"}`
	return &http.Response{
		Status: "404 Not Found", StatusCode: http.StatusNotFound, Proto: r.Proto, ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// answer is bounded in length, and frees its request when it is closed.
type answer struct {
	io.ReadCloser
	end     func()
	left    int64
	endless bool
	lost    *atomic.Bool
}

func (a *answer) Read(p []byte) (int, error) {
	if a.left <= 0 && !a.endless {
		return 0, errTooLong
	}
	n, err := a.ReadCloser.Read(p[:min(int64(len(p)), max(a.left, 1))])
	a.left -= int64(n)
	if a.endless {
		a.left = maxAnswer
	}
	if err != nil && !errors.Is(err, io.EOF) && !a.endless {
		a.lost.Store(true)
	}
	return n, err
}

func (a *answer) Close() error {
	defer a.end()
	return a.ReadCloser.Close()
}
