package report

import (
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"strings"
)

// chart is a diagram as it is drawn: an SVG in a coordinate system of its own, which scales with
// the page.
type chart struct {
	Title, Note string
	Width       float64 // wide or narrow
	Legend      []legend
	X, Y        axis
	Lines       []line
	Points      []hover
}

// The size of a chart and of the margins its labels are in. A wide chart takes the whole row of the
// page.
const (
	wide, narrow, chartHeight = 1140.0, 560.0, 300.0
	marginLeft, marginRight   = 64.0, 16.0
	marginTop, marginBottom   = 12.0, 36.0
	plotBottom                = chartHeight - marginBottom
	plotHeight                = plotBottom - marginTop
)

// axis maps values to the range from 0 to 1.
type axis struct {
	scale func(float64) float64
	ticks []tick
	label string
}

type tick struct {
	at   float64
	text string
}

// line is a curve; class is how the page paints it.
type line struct {
	class string
	x, y  []float64
	dots  bool
	label string // at the right end, of lines that are a reference
}

type legend struct{ Class, Text string }

// hover is what the page says when the pointer is near: at X, in the chart's own coordinates.
type hover struct {
	X    float64 `json:"x"`
	Text string  `json:"text"`
}

func (c *chart) px(v float64) float64 { return marginLeft + (c.right()-marginLeft)*c.X.scale(v) }
func (c *chart) right() float64       { return c.Width - marginRight }
func (c *chart) py(v float64) float64 { return plotBottom - plotHeight*c.Y.scale(v) }

// SVG draws the chart.
func (c *chart) SVG() template.HTML {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">`, c.Width,
		chartHeight,
		template.HTMLEscapeString(c.Title))
	for _, t := range c.Y.ticks {
		y := c.py(t.at)
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, marginLeft,
			c.right(), y, y)
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%.1f" text-anchor="end">%s</text>`,
			marginLeft-8, y+4, t.text)
	}
	for _, t := range c.X.ticks {
		x := c.px(t.at)
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x, x,
			marginTop, plotBottom)
		fmt.Fprintf(&b, `<text class="tick" x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, x,
			plotBottom+17, t.text)
	}
	fmt.Fprintf(&b, `<text class="label" x="%.1f" y="%.1f" text-anchor="end">%s</text>`, c.right(),
		chartHeight-3, c.X.label)
	for _, l := range c.Lines {
		fmt.Fprintf(&b, `<polyline class="%s" points="`, l.class)
		for i := range l.x {
			fmt.Fprintf(&b, "%.1f,%.1f ", c.px(l.x[i]), c.py(l.y[i]))
		}
		b.WriteString(`"/>`)
		for i := range l.x {
			if l.dots {
				fmt.Fprintf(&b, `<circle class="%s" cx="%.1f" cy="%.1f" r="3.5"/>`, l.class,
					c.px(l.x[i]), c.py(l.y[i]))
			}
		}
		if n := len(l.x) - 1; l.label != "" {
			fmt.Fprintf(&b, `<text class="mark" x="%.1f" y="%.1f" text-anchor="end">%s</text>`,
				c.px(l.x[n])-4, c.py(l.y[n])-6, l.label)
		}
	}
	fmt.Fprintf(&b, `<line class="cursor" y1="%.1f" y2="%.1f" visibility="hidden"/></svg>`,
		marginTop, plotBottom)
	return template.HTML(b.String())
}

// HoverJSON is the points for the page's script.
func (c *chart) HoverJSON() (string, error) {
	b, err := json.Marshal(append([]hover{}, c.Points...))
	return string(b), err
}

// linear is an axis from 0 to a round number above most.
func linear(most float64, ticks int, text func(float64) string) axis {
	step := math.Pow(10, math.Floor(math.Log10(most/float64(ticks))))
	for _, m := range []float64{1, 2, 2.5, 5, 10} {
		if step*m*float64(ticks) >= most {
			step *= m
			break
		}
	}
	top := step * math.Ceil(most/step)
	a := axis{scale: func(v float64) float64 { return v / top }}
	for v := 0.0; v <= top+step/2; v += step {
		a.ticks = append(a.ticks, tick{v, text(v)})
	}
	return a
}

// logarithmic is an axis over the decades that hold both ends.
func logarithmic(least, most float64, text func(float64) string) axis {
	from, to := math.Floor(math.Log10(least)), math.Ceil(math.Log10(most))
	to = max(to, from+1)
	a := axis{scale: func(v float64) float64 {
		return (math.Log10(max(v, math.Pow(10, from))) - from) / (to - from)
	}}
	for e := from; e <= to; e++ {
		a.ticks = append(a.ticks, tick{math.Pow(10, e), text(math.Pow(10, e))})
	}
	return a
}

// nines is an axis of percentiles on which every further nine takes as much room: the tail is what
// users remember.
func nines(last float64) axis {
	to := math.Log10(100 / (100 - last))
	a := axis{label: "percentile", scale: func(p float64) float64 {
		return math.Log10(100/(100-min(p, last))) / to
	}}
	for _, p := range []float64{0, 50, 90, 99, 99.9, 99.99, 99.999} {
		if p <= last {
			a.ticks = append(a.ticks, tick{p, fmt.Sprintf("%v%%", p)})
		}
	}
	return a
}
