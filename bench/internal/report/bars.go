package report

import (
	"bufio"
	_ "embed"
	"html/template"
	"strings"
	"time"
)

//go:embed bars.html
var barsText string

var bars = template.Must(template.New("bars").Parse(barsText))

// Standings is the page of servers that were measured side by side.
type Standings struct {
	Time    time.Time
	Commit  string
	Machine Machine
	About   string // how they were measured
	Charts  []Bars
	Text    string // the tables, as they are printed
}

// Bars is a chart with a bar for each server.
type Bars struct {
	Title string
	Rows  []Bar
}

// Bar is one server's figure. A server that was not measured has Value 0, and Text says why.
type Bar struct {
	Name, Text string
	Value      float64
	Own        bool // this service, which is painted in its own colour
}

// Width is how long a bar is, from 0 to 100.
func (b Bars) Width(value float64) float64 {
	most := 0.0
	for _, r := range b.Rows {
		most = max(most, r.Value)
	}
	if most == 0 {
		return 0
	}
	return 100 * value / most
}

// plain is a name of the tables without the marks of Markdown.
var plain = strings.NewReplacer("**", "", "`", "")

// Plain is the server's name without the marks of Markdown.
func (b Bar) Plain() string { return plain.Replace(b.Name) }

// Write writes a page that needs nothing but itself.
func (s *Standings) Write(name string) error {
	return write(name, func(w *bufio.Writer) error {
		return bars.Execute(w, struct {
			*Standings
			When string
		}{s, s.Time.UTC().Format("2 January 2006, 15:04 UTC")})
	})
}
