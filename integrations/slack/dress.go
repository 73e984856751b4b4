package slack

import (
	"strings"

	sdk "github.com/slack-go/slack"

	"github.com/rap-analyzer/rapbot"
)

// dressed is a message as Slack takes it.
type dressed struct {
	text        string
	blocks      []sdk.Block
	attachments []sdk.Attachment // never nil: an empty list takes those away that an edited message had
}

// dress renders a message with its tone and its images, for which Slack has
// room in attachments only. The first block stays above the coloured ones:
// without a block there, Slack would show the text of the notification too. An
// image is an attachment as well, because a block with one that Slack cannot
// fetch would have the whole message refused.
func dress(m rapbot.Message) dressed {
	text, blocks := Render(m)
	d := dressed{text: text, blocks: blocks, attachments: []sdk.Attachment{}}
	if tone := m.Tone.Checked(); tone != "" && len(blocks) > 1 {
		d.blocks = blocks[:1:1]
		d.attachments = append(d.attachments, sdk.Attachment{Color: string(tone), Blocks: sdk.Blocks{BlockSet: blocks[1:]}})
	}
	for _, b := range m.Blocks {
		image, is := b.(rapbot.Image)
		if !is || len(d.attachments) >= imagesMax {
			continue
		}
		if address, ok := webAddress(image.URL); ok && strings.HasPrefix(address, "https://") {
			d.attachments = append(d.attachments, sdk.Attachment{ImageURL: address, Fallback: bound(line(image.Alt), altMax)})
		}
	}
	return d
}

const (
	imagesMax = 10
	altMax    = 300
)

// say is a message's content. Links get no previews and names no links: what
// is not in the blocks is not meant.
func (d dressed) say() []sdk.MsgOption {
	return []sdk.MsgOption{
		sdk.MsgOptionText(d.text, false), sdk.MsgOptionBlocks(d.blocks...), sdk.MsgOptionAttachments(d.attachments...),
		sdk.MsgOptionDisableLinkUnfurl(), sdk.MsgOptionDisableMediaUnfurl(),
	}
}
