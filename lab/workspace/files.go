package workspace

import (
	"bytes"
	"image"
	_ "image/png" // Slack measures pictures
	"net/http"
	"path"
	"strings"
	"time"
)

// file is an upload in three steps: asked for, uploaded, completed (https://docs.slack.dev/messaging/working-with-files).
type file struct {
	id, name, title, alt, ticket string
	length                       int
	data                         []byte
	uploaded, completed          bool
	until                        time.Time // when it is thrown away, unless completed
	user                         string
	origin                       string // where it is offered: see originOf
}

// File is a file as messages carry it (https://docs.slack.dev/reference/objects/file-object).
type File struct {
	ID          string `json:"id"`
	Created     int64  `json:"created"`
	Name        string `json:"name"`
	Title       string `json:"title"`
	Size        int    `json:"size"`
	Mimetype    string `json:"mimetype"`
	Filetype    string `json:"filetype"`
	PrettyType  string `json:"pretty_type"`
	Mode        string `json:"mode"`
	User        string `json:"user"`
	AltText     string `json:"alt_txt,omitempty"`
	Width       int    `json:"original_w,omitempty"`
	Height      int    `json:"original_h,omitempty"`
	URLPrivate  string `json:"url_private"`
	URLDownload string `json:"url_private_download"`
}

func (w *Workspace) shownFile(f *file) File {
	kind := f.kind()
	address := f.origin + "/files-pri/" + f.id + "/"
	out := File{
		ID: f.id, Created: f.until.Add(-w.opt.UploadLife).Unix(), Name: f.name, Title: f.title, Size: len(f.data), Mimetype: kind.mime,
		Filetype: kind.name, PrettyType: kind.pretty, Mode: "hosted", User: f.user, AltText: f.alt,
		URLPrivate: address + f.name, URLDownload: address + "download/" + f.name,
	}
	if size, _, err := image.DecodeConfig(bytes.NewReader(f.data)); err == nil {
		out.Width, out.Height = size.Width, size.Height
	}
	return out
}

type fileKind struct{ mime, name, pretty string }

// fileKinds are those of Slack's types that an app like this one uploads (https://docs.slack.dev/reference/objects/file-object#types).
var fileKinds = map[string]fileKind{
	".png": {"image/png", "png", "PNG"}, ".svg": {"image/svg+xml", "svg", "SVG"}, ".txt": {"text/plain", "text", "Plain Text"},
	".csv": {"text/csv", "csv", "CSV"}, ".json": {"application/json", "json", "JSON"}, ".log": {"text/plain", "text", "Plain Text"},
}

// kind goes by the name's ending, as Slack does; a picture that is none, or the unknown, is what its bytes say.
func (f *file) kind() fileKind {
	sniffed, _, _ := strings.Cut(http.DetectContentType(f.data), ";")
	kind, known := fileKinds[strings.ToLower(path.Ext(f.name))]
	if known && (kind.mime != "image/png" || sniffed == kind.mime) {
		return kind
	}
	return fileKind{sniffed, "binary", "Binary"}
}

// serveFile shows a completed file to a page; the real one asks for a login. Whatever was uploaded runs nothing in the page's name.
func (w *Workspace) serveFile(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	f := w.files[r.PathValue("file")]
	gone := f == nil || !f.completed || f.name != r.PathValue("name")
	w.mu.Unlock()
	if gone {
		http.NotFound(rw, r)
		return
	}
	kind := f.kind().mime // from here on the file never changes
	if strings.HasPrefix(kind, "text/") {
		kind += "; charset=utf-8"
	}
	rw.Header().Set("Content-Type", kind)
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	rw.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	if strings.Contains(r.URL.Path, "/download/") {
		rw.Header().Set("Content-Disposition", "attachment")
	}
	_, _ = rw.Write(f.data)
}
