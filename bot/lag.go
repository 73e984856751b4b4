package bot

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/rap-analyzer/rapbot"
	"github.com/rap-analyzer/rapbot/cards"
)

// sampledLag is the history that rapbot has by itself.
type sampledLag struct {
	samples rapbot.Samples
	every   time.Duration
}

func (s sampledLag) Source() string { return "rapbot" }

// Lag implements rapbot.LagHistory. It begins to read a little earlier, so that
// the primary is known when the first replica is weighed against it.
func (s sampledLag) Lag(ctx context.Context, from, to time.Time, bytes bool) ([]rapbot.LagSeries, error) {
	to = to.Add(time.Nanosecond) // what is seen at this very moment counts
	meter := rapbot.NewLagMeter(from, to, s.every, bytes)
	if err := s.samples.Each(ctx, from.Add(-time.Minute), to, meter.Take); err != nil {
		return nil, err
	}
	return meter.Series(), nil
}

// lagPatience is how long histories are asked, all together: a person waits.
const lagPatience = 20 * time.Second

// Lag asks the histories in turn until one knows something.
func (b *Bot) Lag(ctx context.Context, region string, since time.Duration, bytes bool) (rapbot.LagReport, error) {
	ctx, cancel := context.WithTimeout(ctx, lagPatience)
	defer cancel()
	to := b.opt.Clock.Now().UTC()
	r := rapbot.LagReport{From: to.Add(-since), To: to, Bytes: bytes}
	if bytes && b.opt.Limits.MaxLagBytes > 0 {
		r.Threshold, r.Limit = float64(b.opt.Limits.MaxLagBytes), "switchover limit"
	}
	if !bytes && b.opt.Explain.Threshold > 0 {
		r.Threshold, r.Limit = b.opt.Explain.Threshold.Seconds(), "alert above"
	}
	own := sampledLag{samples: b.opt.Samples, every: max(sampleEvery, b.opt.ObserveEvery)}
	for _, history := range append(append([]rapbot.LagHistory{}, b.opt.LagHistories...), own) {
		series, err := history.Lag(ctx, r.From, r.To, bytes)
		if ctx.Err() != nil {
			return r, &rapbot.Error{Code: rapbot.Unavailable, What: "The lags could not be read in " + rapbot.Duration(lagPatience) + ".", Changed: "Nothing was changed.", Now: "Ask for a shorter time, or try again."}
		}
		if err != nil {
			b.log.Warn("lag history", zap.String("source", history.Source()), zap.Error(err))
			r.Trouble = append(r.Trouble, lagTrouble(history, err))
			continue
		}
		if r.Series = b.inOrder(series, region); len(r.Series) > 0 {
			r.Source = history.Source()
			return r, nil
		}
		r.Trouble = append(r.Trouble, history.Source()+" knows nothing of that time.")
	}
	return r, nil
}

func lagTrouble(history rapbot.LagHistory, err error) string {
	if rapbot.ErrorCode(err) == rapbot.Internal {
		return history.Source() + " could not be read; the log has the details."
	}
	return firstBeat(err)
}

// inOrder are the series of configured regions in configured order, or of the
// one that is named.
func (b *Bot) inOrder(series []rapbot.LagSeries, region string) []rapbot.LagSeries {
	var out []rapbot.LagSeries
	for _, name := range b.regionNames() {
		for _, s := range series {
			if s.Region == name && (region == "" || region == name) {
				out = append(out, s)
			}
		}
	}
	return out
}

// ShowLag posts a report with its picture. Where rapbot may not post, and where
// it cannot draw, the words at least reach whoever asked.
func (b *Bot) ShowLag(ctx context.Context, at rapbot.Place, report rapbot.LagReport, words rapbot.Message) (rapbot.Message, error) {
	file, err := b.lagFile(report)
	if err != nil {
		b.log.Warn("draw lags", zap.Error(err))
		return withNote(words, "The picture could not be drawn; the log of rapbot has the details."), nil
	}
	file.Comment = words
	const anew = "" // asked again, it is drawn again
	if _, err = b.opt.Chat.Attach(ctx, at, anew, file); err == nil {
		return rapbot.Message{}, nil
	}
	b.log.Info("a picture of lags cannot be posted where it was asked for", zap.String("channel", at.Channel), zap.Error(err))
	if at.Channel == b.opt.OperationsChannel {
		return withNote(words, "The picture could not be posted. "+firstBeat(err)), nil
	}
	if _, err := b.opt.Chat.Attach(ctx, rapbot.Place{Channel: b.opt.OperationsChannel}, anew, file); err != nil {
		return withNote(words, "The picture could not be posted. "+firstBeat(err)), nil
	}
	return withNote(words, "The picture is in the operations channel: rapbot cannot post files here."), nil
}

// lagFile is the picture of a report.
func (b *Bot) lagFile(report rapbot.LagReport) (rapbot.File, error) {
	if b.opt.DrawLag == nil {
		return rapbot.File{}, errors.New("nothing draws")
	}
	file, err := b.opt.DrawLag(report)
	file.Title = cards.LagTitle(report)
	return file, err
}

func withNote(m rapbot.Message, note string) rapbot.Message {
	m.Blocks = append(m.Blocks, rapbot.Note{Text: rapbot.Say(note)})
	return m
}
