package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"videotoken/bench/internal/judge"
	"videotoken/bench/internal/record"
	"videotoken/bench/internal/report"
)

// column is one figure for each peer.
type column struct {
	title string
	of    func(*peer) string
}

// standings writes the table of the README, and below it the tables of ratios. connections has
// one number for each closed loop. The runs of the closed loops come before the run of the open
// one.
func standings(w io.Writer, line []*peer, connections []int) {
	open := len(connections)
	var figures, costs, speeds []column
	stock, floor := named(line, stockName), named(line, floorName)
	for i, n := range connections {
		at := fmt.Sprintf("%d connections", n)
		figures = append(figures, figure("CPU/request, "+at, judge.CPU, i),
			figure("requests/s", judge.Rate, i))
		costs = append(costs, ratio("to the floor, "+at, judge.CPU, floor, i),
			ratio("to stock, "+at, judge.CPU, stock, i))
		speeds = append(speeds, ratio("requests/s, "+at, judge.Rate, stock, i))
	}
	if last := open - 1; last > 0 {
		costs = append(costs, column{
			fmt.Sprintf("%d to %d connections", connections[last], connections[0]),
			func(p *peer) string { return pairs(judge.CPU, p.runs[0], p.runs[last]) }})
	}
	rate := fmt.Sprintf(" at %d/s", report.BaselineRate)
	figures = append(figures, figure("p99"+rate, judge.P99, open))
	speeds = append(speeds, ratio("p50"+rate, judge.P50, stock, open),
		ratio("p99"+rate, judge.P99, stock, open))

	onTCP := slices.DeleteFunc(slices.Clone(line), func(p *peer) bool { return p.onTCP != "" })
	markdown(w, "", "", onTCP, figures)
	markdown(w, "\nAs ratios, each the median of the rounds' own, with its 95 % interval where "+
		"there are six rounds or more:\n",
		"CPU/request", onTCP, costs)
	markdown(w, "", "to stock fasthttp", onTCP, speeds)
	unixStandings(w, line, connections)
}

// unixStandings writes the table of the peers that listen on Unix sockets.
func unixStandings(w io.Writer, line []*peer, connections []int) {
	onUnix := slices.DeleteFunc(slices.Clone(line), func(p *peer) bool { return p.onTCP == "" })
	if len(onUnix) == 0 {
		return
	}
	floor := named(line, unixFloorName)
	var columns []column
	for i, n := range connections {
		at := fmt.Sprintf("%d connections", n)
		columns = append(columns, figure("CPU/request, "+at, judge.CPU, i),
			ratio("to the floor, "+at, judge.CPU, floor, i),
			column{"to TCP, " + at, func(p *peer) string {
				if twin := named(line, p.onTCP); twin != nil {
					return pairs(judge.CPU, twin.runs[i], p.runs[i])
				}
				return "not measured"
			}})
	}
	markdown(w, "\nOver a Unix socket, to the floor over one, and to the same server over TCP:\n",
		"", onUnix, columns)
}

// markdown writes a text and a table of the columns. A column that needs a peer which was not
// measured is left out.
func markdown(w io.Writer, text, title string, line []*peer, columns []column) {
	columns = slices.DeleteFunc(columns, func(c column) bool { return c.of == nil })
	if len(columns) == 0 {
		return
	}
	fmt.Fprintln(w, text)
	head := []string{title}
	for _, c := range columns {
		head = append(head, c.title)
	}
	row := func(cells []string) {
		for _, c := range cells {
			fmt.Fprint(w, strings.TrimRight("| "+c, " "), " ")
		}
		fmt.Fprintln(w, "|")
	}
	row(head)
	fmt.Fprintln(w, "|"+strings.Repeat("---|", len(head)))
	for _, p := range line {
		cells := make([]string, len(head))
		cells[0] = p.name
		if p.missing != "" {
			cells[1] = "not measured: " + p.missing
			row(cells)
			continue
		}
		for i, c := range columns {
			cells[i+1] = c.of(p)
		}
		row(cells)
	}
}

// figure is a column with the median of a metric under the load with this index, and the number of
// invalid runs.
func figure(title string, m judge.Metric, load int) column {
	return column{title, func(p *peer) string {
		text, invalid := "not known", 0
		if v, ok := m.Median(p.runs[load]); ok {
			text = m.Text(v)
		}
		for _, r := range p.runs[load] {
			invalid += min(1, len(r.Invalid))
		}
		if invalid > 0 {
			text += fmt.Sprintf(" (%d of %d runs invalid)", invalid, len(p.runs[load]))
		}
		return text
	}}
}

// ratio returns a column with a metric divided by the same metric of the base. Without a base it
// returns an empty column.
func ratio(title string, m judge.Metric, base *peer, load int) column {
	if base == nil {
		return column{}
	}
	return column{title, func(p *peer) string {
		if p == base {
			return "1"
		}
		return pairs(m, base.runs[load], p.runs[load])
	}}
}

// pairs returns the median ratio of the rounds in which both runs are valid.
func pairs(m judge.Metric, old, new []*record.Result) string {
	n := min(len(old), len(new))
	valid := judge.Valid([][]*record.Result{old[:n], new[:n]})
	if r, ok := m.Ratio(valid[0], valid[1]); ok {
		return r.String()
	}
	return "not known"
}

// named finds a measured peer by its name; it returns nil if there is none.
func named(line []*peer, name string) *peer {
	for _, p := range line {
		if p.name == name && p.missing == "" {
			return p
		}
	}
	return nil
}

// charts returns the chart of each figure that the tables have.
func charts(line []*peer, connections []int) (all []report.Bars) {
	bars := func(title string, m judge.Metric, load int) {
		b := report.Bars{Title: title}
		for _, p := range line {
			bar := report.Bar{Name: p.name, Text: "not measured: " + p.missing, Own: p.isOwn()}
			if p.missing == "" {
				bar.Text = figure("", m, load).of(p)
				bar.Value, _ = m.Median(p.runs[load])
			}
			b.Rows = append(b.Rows, bar)
		}
		all = append(all, b)
	}
	for i, n := range connections {
		bars(fmt.Sprintf("CPU/request, %d connections: less is better", n), judge.CPU, i)
		bars(fmt.Sprintf("requests/s, %d connections: more is better", n), judge.Rate, i)
	}
	bars(fmt.Sprintf("p99 at %d/s over 1000 connections: less is better", report.BaselineRate),
		judge.P99, len(connections))
	return all
}
