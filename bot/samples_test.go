package bot_test

import (
	"context"
	"time"

	"github.com/rap-analyzer/rapbot"
)

type samples struct{ kept []rapbot.Sample }

func (s *samples) Keep(_ context.Context, news ...rapbot.Sample) error {
	s.kept = append(s.kept, news...)
	return nil
}

func (s *samples) Since(_ context.Context, from time.Time) ([]rapbot.Sample, error) {
	var out []rapbot.Sample
	for _, k := range s.kept {
		if !k.At.Before(from) {
			out = append(out, k)
		}
	}
	return out, nil
}
