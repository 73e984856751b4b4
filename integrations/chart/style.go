package chart

import (
	"image/color"
	"sort"
	"strings"
	"sync"
	"unicode"

	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	xfont "golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Every colour has a contrast of 4.5 to the paper, the grid excepted.
var (
	paper  = color.RGBA{R: 0xff, G: 0xff, B: 0xff, A: 0xff}
	ink    = color.RGBA{R: 0x1d, G: 0x1c, B: 0x1d, A: 0xff}
	muted  = color.RGBA{R: 0x5a, G: 0x5a, B: 0x60, A: 0xff}
	grid   = color.RGBA{R: 0xe4, G: 0xe5, B: 0xe9, A: 0xff}
	border = color.RGBA{R: 0xa8, G: 0xab, B: 0xb3, A: 0xff}
	alarm  = color.RGBA{R: 0xb3, G: 0x00, B: 0x1b, A: 0xff}
)

// lineStyles tell series apart, with colours and without.
var lineStyles = [SeriesMax]draw.LineStyle{
	{Color: color.RGBA{R: 0x00, G: 0x5f, B: 0x9e, A: 0xff}, Width: 1.7},
	{Color: color.RGBA{R: 0xb8, G: 0x4a, B: 0x00, A: 0xff}, Width: 1.7, Dashes: []vg.Length{7, 3}},
	{Color: color.RGBA{R: 0x00, G: 0x70, B: 0x50, A: 0xff}, Width: 2, Dashes: []vg.Length{2, 2}},
	{Color: color.RGBA{R: 0x7b, G: 0x3f, B: 0x98, A: 0xff}, Width: 1.7, Dashes: []vg.Length{9, 3, 2, 3}},
	{Color: color.RGBA{R: 0x40, G: 0x40, B: 0x48, A: 0xff}, Width: 1.2},
	{Color: color.RGBA{R: 0x86, G: 0x58, B: 0x00, A: 0xff}, Width: 1.7, Dashes: []vg.Length{4, 2, 1, 2, 1, 2}},
}

var (
	gridStyle   = draw.LineStyle{Color: grid, Width: 0.6}
	borderStyle = draw.LineStyle{Color: border, Width: 0.8}
	limitStyle  = draw.LineStyle{Color: alarm, Width: 1.3, Dashes: []vg.Length{12, 4}}
	markStyle   = draw.LineStyle{Color: muted, Width: 0.9, Dashes: []vg.Length{3, 3}}
)

// fonts holds one face in two weights. The names of faces that other systems
// have in its place are not needed in a PNG; an SVG has it by name.
var fonts = sync.OnceValue(func() *font.Cache {
	return font.NewCache(font.Collection{
		{Font: font.Font{Typeface: "Liberation", Variant: "Sans"}, Face: face(liberationsansregular.TTF)},
		{Font: font.Font{Typeface: "Liberation", Variant: "Sans", Weight: xfont.WeightBold}, Face: face(liberationsansbold.TTF)},
	})
})

func face(ttf []byte) *opentype.Font {
	f, err := opentype.Parse(ttf)
	if err != nil {
		panic("chart: a font that is part of the program cannot be read: " + err.Error())
	}
	return f
}

// write is a style of text that hangs from its point, or is centred on it when
// across is draw.XCenter.
func write(size vg.Length, c color.Color, weight xfont.Weight, across text.XAlignment) text.Style {
	return text.Style{
		Color: c, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: size},
		XAlign: across, YAlign: draw.YTop, Handler: text.Plain{Fonts: fonts()},
	}
}

// fit is a text on one line, cut to a width.
func fit(s string, style text.Style, width vg.Length) string {
	runes := []rune(strings.Join(strings.Fields(strings.Map(printable, strings.ToValidUTF8(s, "?"))), " "))
	if len(runes) > 500 {
		runes = runes[:500]
	}
	if style.Width(string(runes)) <= width {
		return string(runes)
	}
	most := sort.Search(len(runes), func(n int) bool { return style.Width(string(runes[:n+1])+"…") > width })
	return strings.TrimRight(string(runes[:most]), " ") + "…"
}

// printable leaves out what XML cannot hold or what turns a line round.
func printable(r rune) rune {
	switch {
	case unicode.IsSpace(r):
		return ' '
	case unicode.Is(unicode.C, r), r == 0xfffe, r == 0xffff:
		return -1
	}
	return r
}
