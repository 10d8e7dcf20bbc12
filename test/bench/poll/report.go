package poll

import (
	"fmt"
	"io"
)

// Write simulates this number of jobs per row. It writes a table for each row as it is done, and
// finally a line for the row by which the schedule is judged.
func Write(out io.Writer, t Template, jobs int) { write(out, t, rows(), jobs) }

func write(out io.Writer, t Template, rows []row, jobs int) {
	fmt.Fprintf(out, "%d jobs a row; lag in seconds, USD and measure in millionths of a US dollar, Lambdas held by 100 jobs in flight\n", jobs)
	var last ratios
	for _, r := range rows {
		results := measure(t, r, jobs)
		fmt.Fprintf(out, "\n%-26s %5s %6s %8s %11s %6s %5s %6s %8s\n", r.name, "lag", "p95", "requests", "transitions", "GB-s", "held", "USD", "measure")
		for i, name := range names() {
			v := results[i]
			fmt.Fprintf(out, "%-26s %5.2f %6.2f %8.2f %11.2f %6.2f %5.1f %6.1f %8.1f\n",
				"  "+name, v.lag, v.lag95, v.requests, v.transitions, v.gbSeconds, v.held, 1e6*v.usd, 1e6*v.measure)
		}
		ratios := compare(results)
		fmt.Fprintf(out, "  %s\n", ratios)
		if r.name == judged {
			last = ratios
		}
	}
	fmt.Fprintf(out, "\n%s\n", last)
}

func (r ratios) String() string {
	return fmt.Sprintf("lag_ratio=%.3f usd_ratio=%.3f requests_ratio=%.3f optimum_ratio=%.3f", r.lag, r.usd, r.requests, r.optimum)
}
