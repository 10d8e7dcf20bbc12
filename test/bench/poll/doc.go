// Package poll simulates when jobs are asked for by several policies, the same
// jobs by each, and tells how soon a video is noticed and what the machinery around
// it costs. It reads no clock and calls nobody: the same jobs give the same
// figures. Its last line compares Takeup's schedule, after twenty jobs, with a look
// every 15 s, and with the best that is possible.
package poll
