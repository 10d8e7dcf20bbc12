// Package budget has the money of the attempts to submit jobs, the limits that it is held
// to, and the sums of it. Amounts are whole micro-dollars, and days and months those of
// UTC.
package budget
