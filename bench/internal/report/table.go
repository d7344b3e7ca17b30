package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Table writes rows in boxes, as autocannon does. The first row is the header.
func Table(w io.Writer, rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	rule := func(left, middle, right string) {
		parts := make([]string, len(widths))
		for i, n := range widths {
			parts[i] = strings.Repeat("─", n+2)
		}
		fmt.Fprintln(w, left+strings.Join(parts, middle)+right)
	}
	rule("┌", "┬", "┐")
	for i, row := range rows {
		if i > 0 {
			rule("├", "┼", "┤")
		}
		for j, n := range widths {
			cell := ""
			if j < len(row) {
				cell = row[j]
			}
			fmt.Fprintf(w, "│ %s%s ", cell, strings.Repeat(" ", n-utf8.RuneCountInString(cell)))
		}
		fmt.Fprintln(w, "│")
	}
	rule("└", "┴", "┘")
}
