// Package chart draws measurements over time as one picture: lines, a limit
// they are held against, and the moments at which something happened.
//
// Its nouns:
//
//   - Chart: what is drawn. Series are its lines, Line its limit, Mark an event.
//   - axis: how values become heights, linear or logarithmic, and its ticks.
//   - figure: a Chart that was checked, sorted, thinned out and laid out.
//
// Rules:
//
//   - What was not measured is not drawn: a Point with Gap, and one whose value
//     is no number, interrupts its line. Nothing is smoothed, and a spike
//     narrower than a pixel is drawn in its full height. Only a gap narrower
//     than a pixel cannot be seen.
//   - The background is opaque, and lines differ by their dashes as well as by
//     their colours. Title, legend and the names of marks stand beside the data
//     and never on it.
//   - A picture is bounded whatever it is made of; what cannot be drawn sensibly
//     is an error that says why.
//
// Of gonum.org/v1/plot it uses the canvases and the text, and not the package
// plot itself, which would add the PDF, TeX and EPS backends and eleven fonts
// to the binary.
package chart
