package judge

import (
	"fmt"
	"io"
	"strings"

	"videotoken/bench/internal/report"
)

var head = []string{"Figure", "Old", "New", "New/old, 95 % interval", "Old/old", "Verdict"}

func cells(r Row) []string {
	noise := ""
	if r.Noise != (Interval{}) {
		noise = r.Noise.String()
	}
	verdict := string(r.Verdict)
	if r.Needed > 0 {
		verdict += fmt.Sprintf(": about %d pairs would do", r.Needed)
	}
	return []string{r.Metric.Name, r.Metric.Text(r.Old), r.Metric.Text(r.New), r.Ratio.String(), noise, verdict}
}

// Print writes the rows as a table.
func Print(w io.Writer, rows []Row) {
	table := [][]string{head}
	for _, r := range rows {
		table = append(table, cells(r))
	}
	report.Table(w, table)
}

// Markdown writes the rows for a pull request.
func Markdown(w io.Writer, title string, budget float64, rows []Row) {
	pairs := 0
	if len(rows) > 0 {
		pairs = rows[0].Pairs
	}
	fmt.Fprintf(w, "### %s: %s\n\n", title, Overall(rows))
	fmt.Fprintf(w, "%d interleaved pairs of fresh processes; a regression is over %.0f %% at the median and at the near end of its interval.\n\n",
		pairs, 100*budget)
	line := func(c []string) { fmt.Fprintf(w, "| %s |\n", strings.Join(c, " | ")) }
	line(head)
	line(strings.Split(strings.Repeat("---,", len(head)-1)+"---", ","))
	for _, r := range rows {
		line(cells(r))
	}
	fmt.Fprintln(w)
}
