package workspace

import (
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// What an upload may be (https://docs.slack.dev/reference/methods/files.getUploadURLExternal). Slack takes a gigabyte; more than
// uploadKept is refused here as by a workspace that restricts large files.
const (
	uploadKept  = 64 << 20
	snippetMax  = 1 << 20
	altMax      = 1000
	channelsMax = 100
)

func (w *Workspace) filesGetUploadURL(c *call) reply {
	name := c.params.str("filename")
	length, err := strconv.Atoi(c.params.str("length"))
	alt := first(c.params.str("alt_txt"), c.params.str("alt_text")) // documented, and what Slack's own SDK for Node sends
	switch {
	case name == "", length == 0 && (err == nil || c.params.str("length") == ""):
		return fail("missing_argument")
	case err != nil, length < 0, strings.ContainsAny(name, "/\x00"):
		return badArgument("filename must be a name and length a number of bytes", "/length")
	case utf8.RuneCountInString(alt) > altMax:
		return fail("alt_txt_too_large")
	case c.params.str("snippet_type") != "" && length > snippetMax:
		return fail("snippet_too_large")
	case length > uploadKept:
		return fail("file_upload_size_restricted")
	}
	f := &file{id: w.names.next("F"), name: name, alt: alt, length: length, ticket: secret(16), until: w.now().Add(w.opt.UploadLife), user: w.app.userID, origin: c.origin}
	w.files[f.id] = f
	return done(reply{"upload_url": c.origin + "/upload/v1/" + f.ticket, "file_id": f.id})
}

// serveUpload takes the bytes, raw or as the first file of a form. To the faults and the calls it is the method "upload_url".
func (w *Workspace) serveUpload(rw http.ResponseWriter, r *http.Request) {
	data, err := uploaded(rw, r)
	if err != nil {
		http.Error(rw, "the upload broke off", http.StatusBadRequest)
		return
	}
	c := &call{method: "upload_url", params: params{"bytes": len(data)}, origin: originOf(r), status: http.StatusOK}
	w.serveCall(rw, c, func(c *call) reply {
		var refused string
		c.status, c.words = w.upload(w.fileByTicket(r.PathValue("ticket")), data)
		if c.status != http.StatusOK {
			refused = c.words
		}
		return reply{"error": refused}
	})
}

func uploaded(rw http.ResponseWriter, r *http.Request) ([]byte, error) {
	r.Body = http.MaxBytesReader(rw, r.Body, uploadKept+bodyLimit)
	form, err := r.MultipartReader()
	if err != nil {
		return io.ReadAll(r.Body)
	}
	part, err := form.NextPart()
	for err == nil && part.FileName() == "" {
		part, err = form.NextPart()
	}
	if err != nil {
		return nil, err
	}
	return io.ReadAll(part)
}

// upload keeps a file's bytes, once, if they are as many as were announced.
func (w *Workspace) upload(f *file, data []byte) (status int, words string) {
	switch {
	case f == nil || f.uploaded || w.now().After(f.until):
		return http.StatusNotFound, "unknown, used or expired upload URL"
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

// filesCompleteUpload takes uploaded files for good, once, and shares them a moment later; without a channel they stay private.
func (w *Workspace) filesCompleteUpload(c *call) reply {
	files, titles, refused := w.toComplete(c)
	if refused != nil {
		return refused
	}
	channels, refused := w.shareIn(c)
	if refused != nil {
		return refused
	}
	said := content{text: c.params.str("initial_comment")}
	if said.text == "" { // blocks are ignored when there are words
		if said.blocks, refused = w.checkBlocks(c.params.raw("blocks"), ""); refused != nil {
			return refused
		}
	}
	shown := []any{}
	for i, f := range files {
		f.completed, f.title = true, titles[i]
		shown = append(shown, map[string]any{"id": f.id, "title": f.title})
	}
	thread := c.params.str("thread_ts")
	for _, ch := range channels {
		w.after(w.opt.ShareAfter, func() {
			w.post(said.into(&message{channel: ch, user: w.app.userID, threadTS: ch.threadOf(thread), files: slices.Clone(files)}))
		})
	}
	w.accept("message", c.method, said.blocks)
	return done(reply{"files": shown})
}

// toComplete are the files a completion names, all uploaded and none completed yet, with their titles.
func (w *Workspace) toComplete(c *call) (files []*file, titles []string, refused reply) {
	var named []struct{ ID, Title string }
	if raw := c.params.raw("files"); raw == nil || decode(raw, &named) != nil || len(named) == 0 {
		return nil, nil, badArgument("must provide files", "/files")
	}
	for _, each := range named {
		f := w.files[each.ID]
		if f == nil || !f.uploaded || f.completed || w.now().After(f.until) || slices.Contains(files, f) {
			return nil, nil, fail("file_not_found")
		}
		files, titles = append(files, f), append(titles, first(each.Title, f.name))
	}
	return files, titles, nil
}

// shareIn are the channels of a completion: channel_id is one by its ID, channels are several by their IDs or people by theirs.
func (w *Workspace) shareIn(c *call) (channels []*channel, refused reply) {
	refs := strings.FieldsFunc(c.params.str("channels"), func(r rune) bool { return r == ',' || r == ' ' })
	if len(refs) > channelsMax || len(refs) > 1 && c.params.str("thread_ts") != "" {
		return nil, badArgument("one channel with thread_ts, a hundred without", "/channels")
	}
	if id := c.params.str("channel_id"); id != "" {
		refs = []string{id}
	}
	for _, ref := range refs {
		ch := w.channelByID(ref)
		if p := w.who(ref); ch == nil && c.params.str("channel_id") == "" && p != nil && p.ID == ref {
			ch = p.dm
		}
		switch {
		case ch == nil, ch.private && !ch.has(w.app.userID):
			return nil, fail("channel_not_found")
		case ch.archived:
			return nil, fail("is_archived")
		case !ch.has(w.app.userID):
			return nil, fail("not_in_channel")
		}
		channels = append(channels, ch)
	}
	return channels, nil
}
