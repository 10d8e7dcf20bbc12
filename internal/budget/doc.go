// Package budget defines the money of submission attempts, the limits on it, the line of jobs that
// wait for room below them, and its sums.
// Amounts are whole micro-dollars. Days and months are in UTC.
package budget
