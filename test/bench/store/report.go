package store

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// report is the result of a run.
type report struct {
	tools  []string // in the order of the tables
	rows   []row
	faults []faulty
}

// title returns the name of a row.
func (r row) title() string {
	if r.capped {
		return fmt.Sprintf("%d MiB, capped", r.mib)
	}
	return fmt.Sprintf("%d MiB, uncapped", r.mib)
}

// worst returns the largest ratio of ours to the best peer's among the rows whose capped flag is
// one of which, or NaN if there is none.
func (r *report) worst(m metric, which ...bool) float64 {
	worst := math.NaN()
	for _, row := range r.rows {
		if slices.Contains(which, row.capped) {
			if ahead := row.ahead(m); !(ahead <= worst) {
				worst = ahead
			}
		}
	}
	return worst
}

// last returns the last line. The peak is the largest of any run of ours.
func (r *report) last() string {
	held, kept := 0.0, 0
	for _, row := range r.rows {
		for _, run := range row.runs[ours] {
			held = max(held, run[peak])
		}
	}
	for _, f := range r.faults {
		if f.outcomes[ours] == f.fault.want {
			kept++
		}
	}
	return fmt.Sprintf("peak_mib=%.1f peak_ratio=%.3f capped_ratio=%.3f uncapped_ratio=%.3f cpu_ratio=%.3f faults_right=%d/%d",
		held, r.worst(peak, true, false), r.worst(wall, true), r.worst(wall, false), r.worst(cpu, false), kept, len(r.faults))
}

// write writes the tables that have rows, in Markdown, and the last line.
func (r *report) write(out io.Writer) error {
	times := [][]string{{"source", "tool", "wall s", "×", "CPU s", "×", "peak MiB", "×", "requests", "×"}}
	for _, row := range r.rows {
		own := row.median(ours)
		for _, tool := range r.tools {
			got, cells := row.median(tool), []string{row.title(), tool}
			for m, form := range [metrics]string{wall: "%.2f", cpu: "%.2f", peak: "%.1f", requests: "%.0f"} {
				cells = append(cells, fmt.Sprintf(form, got[m]), fmt.Sprintf("%.2f", got[m]/own[m]))
			}
			times = append(times, cells)
		}
	}
	faults := [][]string{append([]string{"source", "at best"}, r.tools...)}
	for _, f := range r.faults {
		cells := []string{f.fault.title, string(f.fault.want)}
		for _, tool := range r.tools {
			cells = append(cells, string(f.outcomes[tool]))
		}
		faults = append(faults, cells)
	}
	for _, table := range [][][]string{times, faults} {
		if len(table) == 1 {
			continue
		}
		if _, err := fmt.Fprintln(out, markdown(table)); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintln(out, r.last())
	return err
}

// markdown formats a table with aligned columns. The first row is its heading.
func markdown(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, cells := range rows {
		for i, cell := range cells {
			cells[i] = strings.ReplaceAll(cell, "|", `\|`)
			widths[i] = max(widths[i], utf8.RuneCountInString(cells[i]))
		}
	}
	var b strings.Builder
	for n, cells := range rows {
		for i, cell := range cells {
			fmt.Fprintf(&b, "| %s%s ", cell, strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell)))
		}
		b.WriteString("|\n")
		if n == 0 {
			for _, width := range widths {
				b.WriteString("|" + strings.Repeat("-", width+2))
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}
