package workspace

import (
	"io"
	"net/http"
	"strconv"
)

// file is an upload in three steps: asked for, uploaded, completed (https://docs.slack.dev/messaging/working-with-files).
type file struct {
	id, name, title, ticket string
	length                  int
	data                    []byte
	uploaded, completed     bool
	user                    string
	host                    string
}

// File is a file as messages carry it.
type File struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	Title      string `json:"title"`
	Size       int    `json:"size"`
	Mimetype   string `json:"mimetype"`
	User       string `json:"user"`
	URLPrivate string `json:"url_private"`
}

func (w *Workspace) shownFile(f *file) File {
	return File{
		ID: f.id, Name: f.name, Title: f.title, Size: len(f.data), Mimetype: http.DetectContentType(f.data), User: f.user,
		URLPrivate: "http://" + f.host + "/files-pri/" + f.id + "/" + f.name,
	}
}

func (w *Workspace) filesGetUploadURL(c *call) reply {
	length, err := strconv.Atoi(c.params.str("length"))
	if c.params.str("filename") == "" || err != nil || length <= 0 {
		return badArgument("filename and a positive length are required", "/length")
	}
	f := &file{id: w.names.next("F"), name: c.params.str("filename"), length: length, ticket: secret(16), user: w.app.userID, host: c.host}
	w.files[f.id] = f
	return done(reply{"upload_url": "http://" + c.host + "/upload/v1/" + f.ticket, "file_id": f.id})
}

// serveUpload takes the bytes, raw or as the first file of a form.
func (w *Workspace) serveUpload(rw http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(rw, r.Body, 64<<20)
	body := io.Reader(r.Body)
	if form, err := r.MultipartReader(); err == nil {
		part, err := form.NextPart()
		for err == nil && part.FileName() == "" {
			part, err = form.NextPart()
		}
		if err != nil {
			http.Error(rw, "no file", http.StatusBadRequest)
			return
		}
		body = part
	}
	data, err := io.ReadAll(body)
	if err != nil {
		http.Error(rw, "the upload broke off", http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	status, words := w.upload(w.fileByTicket(r.PathValue("ticket")), data)
	w.mu.Unlock()
	rw.WriteHeader(status)
	_, _ = rw.Write([]byte(words))
}

// upload keeps a file's bytes, once, if they are as many as were announced.
func (w *Workspace) upload(f *file, data []byte) (status int, words string) {
	switch {
	case f == nil || f.uploaded:
		return http.StatusNotFound, "unknown or used upload URL"
	case len(data) != f.length:
		return http.StatusBadRequest, "length differs from what was announced"
	}
	f.data, f.uploaded = data, true
	return http.StatusOK, "OK - " + strconv.Itoa(len(data))
}

func (w *Workspace) fileByTicket(ticket string) *file {
	for _, f := range w.files {
		if f.ticket == ticket {
			return f
		}
	}
	return nil
}

// filesCompleteUpload shares uploaded files, once; without a channel they stay private.
func (w *Workspace) filesCompleteUpload(c *call) reply {
	var named []struct{ ID, Title string }
	if raw := c.params.raw("files"); raw == nil || decode(raw, &named) != nil || len(named) == 0 {
		return badArgument("must provide files", "/files")
	}
	var files []*file
	shown := []any{}
	for _, each := range named {
		f := w.files[each.ID]
		if f == nil || !f.uploaded || f.completed {
			return fail("file_not_found")
		}
		files = append(files, f)
	}
	var ch *channel
	if ref := first(c.params.str("channel_id"), c.params.str("channels")); ref != "" {
		var refused reply
		if ch, refused = w.writable(ref); refused != nil {
			return refused
		}
	}
	for i, f := range files {
		f.completed, f.title = true, first(named[i].Title, f.name)
		shown = append(shown, map[string]any{"id": f.id, "title": f.title})
	}
	if ch != nil {
		w.post(&message{
			channel: ch, user: w.app.userID, text: c.params.str("initial_comment"), threadTS: ch.threadOf(c.params.str("thread_ts")), files: files,
		})
	}
	return done(reply{"files": shown})
}

// serveFile shows a completed file to a page; the real one asks for a login.
func (w *Workspace) serveFile(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	f := w.files[r.PathValue("file")]
	w.mu.Unlock()
	if f == nil || !f.completed {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("Content-Type", http.DetectContentType(f.data))
	_, _ = rw.Write(f.data)
}
