package chart_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/color"
	"image/png"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rap-analyzer/rapbot/integrations/chart"
)

func render(t *testing.T, format string, c chart.Chart) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := chart.Render(&out, format, c); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// texts are what an SVG says, in order; it fails when it is no XML.
func texts(t *testing.T, svg []byte) []string {
	t.Helper()
	var out []string
	d := xml.NewDecoder(bytes.NewReader(svg))
	inText := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("the SVG is no XML: %v", err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			inText = e.Name.Local == "text"
		case xml.CharData:
			if inText {
				out = append(out, string(e))
			}
		case xml.EndElement:
			inText = false
		}
	}
}

func TestAPictureSaysWhatItShows(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		c     chart.Chart
		texts []string
	}{
		"failover": {failover(), []string{
			"Write latency through the switchover to us-west-2", "acknowledged writes · 2 Mar 2026 UTC · logarithmic scale", "us-east-1, then us-west-2",
			"limit 10 s", "10 ms", "100 ms", "1 s", "10 s", "03:04:00", "03:04:30", "writers blocked", "us-west-2 promoted", "writers let in",
		}},
		"lag": {lag(), []string{
			"behind us-east-1 · 1 Mar 2026 to 2 Mar 2026 UTC · logarithmic scale", "us-west-2", "eu-west-1", "alert above 16 MiB", "1 KiB", "1 MiB", "22:00", "Mar 2", "eu-west-1 stopped",
		}},
		"one point":                 {one(chart.Bytes, 1.4*1024*1024), []string{"2 Mar 2026 UTC", "line", "0 B", "1.25 MiB", "03:03:00", "03:05:00"}},
		"one value":                 {one(chart.Milliseconds, 420, 420, 420), []string{"0 s", "400 ms", "500 ms", "03:04:00.500"}},
		"only zeros":                {one(chart.Bytes, 0, 0), []string{"0 B", "1 B"}},
		"negative":                  {one(chart.Count, -5, 8), []string{"-5", "0", "5", "10"}},
		"huge":                      {one(chart.Seconds, 0, 1e12), []string{"0 s", "8000000 d"}},
		"minutes":                   {one(chart.Seconds, 30, 250), []string{"1 min", "4 min", "5 min"}},
		"a zero among high and low": {one(chart.Bytes, 0, 1000, 1000, 1000, 1e9), []string{"0 B", "1 KiB", "32 MiB"}},
		"markup":                    {chart.Chart{Title: "<b>&\x00\u202e" + strings.Repeat("long ", 100), Series: one("", 1).Series}, []string{"<b>&long"}},
	} {
		got := texts(t, render(t, chart.SVG, want.c))
		all := "\n" + strings.Join(got, "\n") + "\n"
		for _, w := range want.texts {
			if !strings.Contains(all, "\n"+w+"\n") && (name != "markup" || !strings.Contains(all, "\n"+w)) {
				t.Errorf("%s does not say %q: %q", name, w, got)
			}
		}
	}
}

func TestAPNGHasTheSizeAskedForAndIsOpaque(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{0, 0}, {chart.WidthMin, chart.HeightMin}, {333, 251}, {801, 403}, {1199, 601}, {chart.WidthMax, chart.HeightMax}} {
		c := failover()
		c.Width, c.Height = size[0], size[1]
		im, err := png.Decode(bytes.NewReader(render(t, chart.PNG, c)))
		if err != nil {
			t.Fatal(err)
		}
		if size[0] == 0 {
			size = [2]int{1200, 600}
		}
		if b := im.Bounds(); b.Dx() != size[0] || b.Dy() != size[1] {
			t.Errorf("%v for %v", b, size)
		}
		for _, at := range [][2]int{{0, 0}, {size[0] - 1, 0}, {0, size[1] - 1}, {size[0] - 1, size[1] - 1}} {
			if got := color.RGBAModel.Convert(im.At(at[0], at[1])).(color.RGBA); got != (color.RGBA{R: 0xff, G: 0xff, B: 0xff, A: 0xff}) {
				t.Errorf("the corner %v of %v is %v", at, size, got)
			}
		}
	}
}

// TestTheLimitIsDrawn finds its line by its colour and its dashes.
func TestTheLimitIsDrawn(t *testing.T) {
	t.Parallel()
	c := failover()
	limit := "stroke:#B3001B"
	if got := strings.Count(string(render(t, chart.SVG, c)), limit); got != 2 {
		t.Errorf("the limit and its place in the legend are drawn %d times", got)
	}
	c.Threshold = nil
	if strings.Contains(string(render(t, chart.SVG, c)), limit) {
		t.Error("there is a limit without one")
	}
}

// TestOrderDoesNotMatter draws the same points backwards, and leaves them so.
func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	c := lag()
	forwards := render(t, chart.SVG, c)
	for _, s := range c.Series {
		for i, j := 0, len(s.Points)-1; i < j; i, j = i+1, j-1 {
			s.Points[i], s.Points[j] = s.Points[j], s.Points[i]
		}
	}
	last := c.Series[0].Points[0]
	if !bytes.Equal(forwards, render(t, chart.SVG, c)) {
		t.Error("backwards it is another picture")
	}
	if c.Series[0].Points[0] != last {
		t.Error("the caller's points were sorted")
	}
}

func TestWhatIsNoPictureSaysWhy(t *testing.T) {
	t.Parallel()
	many := one(chart.Count, 1)
	many.Series[0].Points = make([]chart.Point, chart.PointsMax+1)
	long := one(chart.Count, 1)
	long.Series[0].Points[0].At = time.Date(1066, 10, 14, 0, 0, 0, 0, time.UTC)
	late := one(chart.Count, 1)
	late.Marks = []chart.Mark{{Label: "never"}}
	wide := one(chart.Count, 1)
	wide.Width = chart.WidthMax + 1
	for want, c := range map[string]chart.Chart{
		"there is no series":                    {},
		"nothing was measured":                  one(chart.Count, math.NaN(), math.Inf(1)),
		"7 series cannot be told apart, only 6": {Series: make([]chart.Series, 7)},
		"13 marks cannot be read, only 12":      {Series: one("", 1).Series, Marks: make([]chart.Mark, 13)},
		"1000001 points are more than 1000000":  many,
		"the time 1066-10-14T00:00:00Z cannot":  long,
		"the time 0001-01-01T00:00:00Z cannot":  late,
		"2401 by 600 pixels is not within":      wide,
		`there is no unit "furlongs"`:           one("furlongs", 1),
		"the value 1e+16 of line cannot":        one(chart.Count, 1e16),
		"a threshold of NaN cannot be drawn":    {Series: one("", 1).Series, Threshold: &chart.Line{Value: math.NaN()}},
	} {
		var out bytes.Buffer
		if err := chart.Render(&out, chart.PNG, c); err == nil || !strings.HasPrefix(err.Error(), "draw chart: "+want) || out.Len() > 0 {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if err := chart.Render(io.Discard, "gif", one(chart.Count, 1)); err == nil || !strings.Contains(err.Error(), "only png and svg") {
		t.Errorf("%v", err)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestAWriterThatFailsIsTold(t *testing.T) {
	t.Parallel()
	for _, format := range []string{chart.PNG, chart.SVG} {
		if err := chart.Render(full{}, format, one(chart.Count, 1)); err == nil || !strings.Contains(err.Error(), "the disk is full") {
			t.Errorf("%s: %v", format, err)
		}
	}
}

func TestPicturesAreDrawnSideBySide(t *testing.T) {
	t.Parallel()
	want := render(t, chart.PNG, one(chart.Bytes, 1, 2, 3))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			var out bytes.Buffer
			if err := chart.Render(&out, chart.PNG, one(chart.Bytes, 1, 2, 3)); err != nil || !bytes.Equal(out.Bytes(), want) {
				t.Errorf("another picture, %v", err)
			}
		})
	}
	all.Wait()
}

// TestLarge wants text that takes twice the share of the picture.
func TestLarge(t *testing.T) {
	t.Parallel()
	size := regexp.MustCompile(`<svg width="([0-9.]+)pt"`)
	width := func(large bool) float64 {
		c := lag()
		c.Width, c.Height, c.Large = 960, 640, large
		m := size.FindSubmatch(render(t, chart.SVG, c))
		if m == nil {
			t.Fatal("the SVG has no width")
		}
		points, err := strconv.ParseFloat(string(m[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		return points
	}
	if small, large := width(false), width(true); large > 0.6*small {
		t.Errorf("of %g points of width it has %g", small, large)
	}
}

// FuzzRender draws whatever it is given or says why not, and never breaks.
func FuzzRender(f *testing.F) {
	f.Add("Lag", "limit", 1.0, 2.0, 1e9, 5.0, int64(time.Second), uint8(0), uint16(800), uint16(400))
	f.Add("", "\x00<", math.NaN(), math.Inf(-1), 0.0, -1.0, int64(-1), uint8(77), uint16(320), uint16(240))
	f.Add("x", "y", 5e-324, 1e-13, 1e15, 1e-300, int64(1), uint8(29), uint16(2400), uint16(1600))
	f.Fuzz(func(t *testing.T, title, label string, a, b, c, limit float64, step int64, kinds uint8, width, height uint16) {
		points := []chart.Point{{At: night, Value: a}, {At: night.Add(time.Duration(step)), Value: b}, {At: night.Add(2 * time.Duration(step)), Value: c, Gap: kinds&1 > 0}}
		in := chart.Chart{
			Title: title, YLabel: label, Unit: []chart.Unit{chart.Count, chart.Bytes, chart.Seconds, chart.Milliseconds}[kinds>>1&3], Scale: chart.Scale(kinds >> 3 % 3),
			Series: []chart.Series{{Name: label, Points: points}, {Name: title, Points: points[:1]}}, Width: int(width), Height: int(height),
			Threshold: &chart.Line{Value: limit, Label: title},
		}
		for i := range int(kinds >> 4) {
			in.Marks = append(in.Marks, chart.Mark{At: night.Add(time.Duration(i) * time.Millisecond), Label: fmt.Sprint(label, i)})
		}
		var out bytes.Buffer
		if err := chart.Render(&out, chart.SVG, in); err != nil {
			return
		}
		texts(t, out.Bytes())
		if strings.Contains(out.String(), "NaN") || strings.Contains(out.String(), "Inf") {
			t.Errorf("a place that is no number: %s", out.String())
		}
	})
}

func BenchmarkRender(b *testing.B) {
	million := chart.Chart{Unit: chart.Milliseconds, Series: []chart.Series{{Name: "writes", Points: make([]chart.Point, chart.PointsMax)}}}
	for i := range million.Series[0].Points {
		million.Series[0].Points[i] = chart.Point{At: night.Add(time.Duration(i) * time.Millisecond), Value: float64(i * 7919 % 1000)}
	}
	for _, c := range []struct {
		name   string
		format string
		chart  chart.Chart
	}{{"failover png", chart.PNG, failover()}, {"failover svg", chart.SVG, failover()}, {"lag png", chart.PNG, lag()}, {"a million points png", chart.PNG, million}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := chart.Render(io.Discard, c.format, c.chart); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
