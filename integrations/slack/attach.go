package slack

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path"
	"strings"
	"time"

	sdk "github.com/slack-go/slack"
	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
)

const (
	notAttached     = "Nothing was posted."
	perhapsAttached = "It may or may not have been posted."
)

// Attach posts a file in a channel or a thread, in Slack's three steps: an
// address, the bytes, and the completion that shares them
// (https://docs.slack.dev/messaging/working-with-files). Until the last one
// nobody sees anything. That one takes no metadata, answers before the message
// stands, and does not say where it will: so the key is in the file's name,
// and the message is looked for by it.
func (a *Adapter) Attach(ctx context.Context, to rapbot.Place, key string, f rapbot.File) (rapbot.Ref, error) {
	if err := f.Check(); err != nil {
		return rapbot.Ref{}, err
	}
	name := marked(f.Name, keyOf(key))
	same := carries(name)
	if ref := a.attached(ctx, to, same); !ref.Zero() {
		return ref, nil
	}
	id, err := a.upload(ctx, name, f)
	if err != nil {
		return rapbot.Ref{}, a.told("files.getUploadURLExternal", err, notAttached)
	}
	for n := 0; ; n++ {
		err := a.complete(ctx, to, id, f)
		var doubt doubtful
		switch {
		case err == nil:
			return a.shared(ctx, to, same), nil
		case !errors.As(err, &doubt) && n == 0:
			return rapbot.Ref{}, a.told("files.completeUploadExternal", err, notAttached)
		case sleep(ctx, backoff(n, a.cfg.Backoff, slowest)) != nil:
			return rapbot.Ref{}, a.told("files.completeUploadExternal", err, perhapsAttached)
		}
		if ref, err := a.find(ctx, to, time.Now().Add(-recent), same); err == nil && !ref.Zero() {
			return ref, nil
		}
		// Slack completes a file once, so asking again for the same one shows
		// it once at the most. A refusal now may mean that it is done.
		if !errors.As(err, &doubt) || n == attempts {
			ref := a.shared(ctx, to, same)
			if ref.Zero() {
				return ref, a.told("files.completeUploadExternal", err, perhapsAttached)
			}
			return ref, nil
		}
	}
}

// attached looks for the file of a process that crashed. The zero Ref means
// that there is none, or that Slack does not say.
func (a *Adapter) attached(ctx context.Context, to rapbot.Place, same func(sdk.Message) bool) rapbot.Ref {
	if time.Since(a.started) >= lookBack {
		return rapbot.Ref{}
	}
	ref, err := a.find(ctx, to, time.Now().Add(-recent), same)
	if err != nil {
		a.log.Warn("look for an earlier file", zap.String("channel", to.Channel), zap.Error(scrub(err)))
	}
	return ref
}

// upload brings the bytes to Slack. A repetition begins with an address of its
// own: one is good once, and what is never completed is thrown away.
func (a *Adapter) upload(ctx context.Context, name string, f rapbot.File) (id string, err error) {
	err = a.call(ctx, "files.getUploadURLExternal", "", repeatable, func(ctx context.Context) error {
		to, err := a.api.GetUploadURLExternalContext(ctx, sdk.GetUploadURLExternalParameters{
			FileName: name, FileSize: len(f.Content), AltTxt: bound(line(f.AltText), rapbot.FileTextMax),
		})
		if err != nil {
			return err
		}
		id = to.FileID
		return a.api.UploadToURL(ctx, sdk.UploadToURLParameters{UploadURL: to.UploadURL, Filename: name, Reader: bytes.NewReader(f.Content)})
	})
	return id, err
}

// complete shares an uploaded file. Slack takes words or blocks with it, and
// ignores the blocks when there are words.
func (a *Adapter) complete(ctx context.Context, to rapbot.Place, id string, f rapbot.File) error {
	title := bound(line(f.Title), rapbot.FileTextMax)
	if title == "" {
		title = f.Name
	}
	p := sdk.CompleteUploadExternalParameters{Files: []sdk.FileSummary{{ID: id, Title: title}}, Channel: to.Channel, ThreadTimestamp: to.Thread}
	text, blocks := Render(f.Comment)
	switch {
	case len(blocks) > 0:
		p.Blocks.BlockSet = blocks
	case f.Comment.Summary != "":
		p.InitialComment = text
	}
	return a.call(ctx, "files.completeUploadExternal", "", once, func(ctx context.Context) error {
		_, err := a.api.CompleteUploadExternalContext(ctx, p)
		return err
	})
}

// shared waits for the message of a file that Slack has taken. It gives up
// with the zero Ref: the file is on its way all the same.
func (a *Adapter) shared(ctx context.Context, to rapbot.Place, same func(sdk.Message) bool) rapbot.Ref {
	for n := 0; ; n++ {
		ref, err := a.find(ctx, to, time.Now().Add(-recent), same)
		if err == nil && !ref.Zero() {
			return ref
		}
		if err != nil || n == attempts || sleep(ctx, backoff(n, a.cfg.Backoff, slowest)) != nil {
			break
		}
	}
	a.log.Warn("a file was taken and is not shown yet", zap.String("channel", to.Channel))
	return rapbot.Ref{}
}

// marked is a file's name with the mark of a key in front of its ending.
func marked(name, key string) string {
	sum := sha256.Sum256([]byte(key))
	ending := path.Ext(name)
	return strings.TrimSuffix(name, ending) + "-" + hex.EncodeToString(sum[:6]) + ending
}

// carries tells the message with the file of this name.
func carries(name string) func(sdk.Message) bool {
	return func(m sdk.Message) bool {
		for _, f := range m.Files {
			if f.Name == name {
				return true
			}
		}
		return false
	}
}
