package main

import (
	"bytes"
	"image/png"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot"
)

func TestDrawLag(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	at := func(m int) time.Time { return noon.Add(time.Duration(m) * time.Minute) }
	for name, tt := range map[string]struct {
		series []rapbot.LagSeries
		from   time.Time // that the picture begins at
	}{
		"a whole hour":         {[]rapbot.LagSeries{{Region: "a", Points: []rapbot.LagPoint{{At: at(0), Value: 1}, {At: at(59), Value: 400}}}}, at(0)},
		"the last ten minutes": {[]rapbot.LagSeries{{Region: "a", Points: []rapbot.LagPoint{{At: at(1), Gap: true}, {At: at(50), Value: 1}, {At: at(59), Value: 2}}}}, at(49)},
		"the earliest counts":  {[]rapbot.LagSeries{{Region: "a", Points: []rapbot.LagPoint{{At: at(50), Value: 1}}}, {Region: "b", Points: []rapbot.LagPoint{{At: at(30), Value: 2}}}}, at(27)},
		"more than can be told": {func() (many []rapbot.LagSeries) {
			for range 9 {
				many = append(many, rapbot.LagSeries{Region: "a", Points: []rapbot.LagPoint{{At: at(0), Value: 1}}})
			}
			return many
		}(), at(0)},
	} {
		t.Run(name, func(t *testing.T) {
			r := rapbot.LagReport{From: at(0), To: at(60), Series: tt.series, Threshold: 300, Limit: "alert above"}
			if got := shownFrom(r); !got.Equal(tt.from) {
				t.Errorf("it begins at %s, want %s", got, tt.from)
			}
			f, err := drawLag(r)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := png.Decode(bytes.NewReader(f.Content)); err != nil || f.Check() != nil {
				t.Errorf("no picture: %v, %v", err, f.Check())
			}
		})
	}
	if _, err := drawLag(rapbot.LagReport{From: at(0), To: at(60)}); err == nil {
		t.Error("nothing was drawn without an error")
	}
}
