package rapbot

import (
	"fmt"
	"strings"
)

// What a File may be at the most. Chat systems take more; what rapbot has to
// show is a picture or a page of text, and a channel is no place for dumps.
const (
	FileMax     = 4 << 20 // bytes of content
	FileNameMax = 100     // bytes of a name
	FileTextMax = 1000    // characters of a title and of an alternative text
)

// File is something to look at that words do not carry: a picture of
// measurements, or an output too long for a message.
type File struct {
	Name    string // such as latency.png; a chat may tell the kind of file by its ending
	Title   string // shown above it; the name when empty
	AltText string // what a picture shows, for those who cannot see it
	MIME    string // what Content is, such as image/png
	Content []byte
	Comment Message // shown with it; may be the zero Message
}

// Check refuses what no chat should be asked to take.
func (f File) Check() error {
	base, ending, dotted := strings.Cut(f.Name, ".")
	switch {
	case base == "" || !dotted || ending == "" || len(f.Name) > FileNameMax:
		return refuseFile("has no name such as latency.png of %d bytes at the most", FileNameMax)
	case strings.ContainsFunc(f.Name, func(r rune) bool { return r < ' ' || r == '/' || r == '\\' || r == 0x7f }):
		return refuseFile("has a name with a slash or a control character in it")
	case len(f.Content) == 0:
		return refuseFile("is empty")
	case len(f.Content) > FileMax:
		return refuseFile("has %s, more than the %s that rapbot posts", Bytes(int64(len(f.Content))), Bytes(FileMax))
	case !strings.Contains(f.MIME, "/"):
		return refuseFile("does not say what it is, such as image/png")
	}
	return nil
}

func refuseFile(format string, args ...any) error {
	return &Error{
		Code: Invalid, What: "The file " + fmt.Sprintf(format, args...) + ".", Changed: "Nothing was posted.", Now: "Read the same in words in the thread.",
	}
}
