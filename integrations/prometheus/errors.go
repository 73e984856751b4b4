package prometheus

import (
	"context"
	"fmt"
	"math"
	"strings"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/rap-analyzer/rapbot"
)

// ErrorRate asks which part of a region's requests has failed lately, 0 to 1.
// Known is false when there were none, or Prometheus knows of none. Code
// Unavailable when it gives no answer that can be used.
func (l *Lag) ErrorRate(ctx context.Context, region string) (rate float64, known bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.cfg.Timeout)
	defer cancel()
	query := strings.ReplaceAll(l.cfg.ErrorQuery, "{region}", region) // a name of the configuration, which checked its letters
	value, _, _, err := l.api.Query(ctx, query, l.cfg.now(), v1.WithTimeout(l.cfg.Timeout), v1.WithLimit(mostSeries))
	if err != nil {
		return 0, false, &rapbot.Error{Code: rapbot.Unavailable, What: "Prometheus " + l.trouble(ctx, err) + ".", Err: err}
	}
	var found float64
	switch v := value.(type) {
	case *model.Scalar:
		found = float64(v.Value)
	case model.Vector:
		if len(v) == 0 {
			return 0, false, nil
		}
		if len(v) > 1 {
			return 0, false, &rapbot.Error{Code: rapbot.Unavailable, What: fmt.Sprintf("Prometheus answered with %d series: the query must return one number.", len(v))}
		}
		found = float64(v[0].Value)
	default:
		return 0, false, &rapbot.Error{Code: rapbot.Unavailable, What: fmt.Sprintf("Prometheus answered with a %s, and no number.", value.Type())}
	}
	if math.IsNaN(found) {
		return 0, false, nil // nothing divided by nothing: no requests
	}
	return found, true, nil
}
