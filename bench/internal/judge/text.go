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
	if r.Pairs == 0 {
		return []string{r.Metric.Name, "", "", "", "", verdict + ": no valid pair"}
	}
	if r.Needed > 0 {
		verdict += fmt.Sprintf(": about %d pairs would do", r.Needed)
	}
	return []string{r.Metric.Name, r.Metric.Text(r.Old), r.Metric.Text(r.New), r.Ratio.String(),
		noise, verdict}
}

// Print writes the rows as a table.
func Print(w io.Writer, rows []Row) {
	table := [][]string{head}
	for _, r := range rows {
		table = append(table, cells(r))
	}
	report.Table(w, table)
}

// Summary is what a pull request is told.
type Summary struct {
	Title   string   // the two revisions, with their commits
	Verdict string   // in a word
	Machine string   // on which both were measured
	Facts   []string // that need no statistics
	Load    string   // how the rows were measured; "" if there are none
	Budget  float64
	Rows    []Row
}

// Markdown writes a summary, with a legend to its table.
func (s *Summary) Markdown(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "### %s: %s\n\n%s\n\n", s.Title, s.Verdict, s.Machine)
	for _, fact := range s.Facts {
		fmt.Fprintf(&b, "- %s\n", fact)
	}
	if len(s.Facts) > 0 {
		fmt.Fprintln(&b)
	}
	if len(s.Rows) > 0 {
		fmt.Fprintf(&b, "%s\n\n", s.Load)
		line := func(c []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(c, " | ")) }
		line(head)
		line(strings.Split(strings.Repeat("---,", len(head)-1)+"---", ","))
		for _, r := range s.Rows {
			line(cells(r))
		}
		fmt.Fprintf(&b, legend, 100*s.Budget, 100*s.Budget/4)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// legend explains the table to somebody who has not read bench/README.md.
const legend = `
Old and New are medians. New/old is the median of the pairs' ratios; below 1 is better, and above 1 for requests/s. Old/old
is the old revision beside itself in the same minutes: the noise.

- *regression*: the median and the near end of the interval are worse by over %.0f %% and by more than the noise
- *better*: the whole interval is better by more than the noise, and the median by over %.0f %%
- *pass*: neither
- *inconclusive*: the noise is above the budget
`
