// Package poll simulates several polling policies on the same jobs, and reports how soon a video
// is noticed and what the machinery costs. It reads no clock and calls no service: the same jobs
// give the same figures. Its last line compares Takeup's schedule, after twenty jobs, with a
// poll every 15 s and with the best possible plan.
package poll
