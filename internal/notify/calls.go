package notify

import "iter"

// Calls divides things of some sizes among calls that take at most so many of them, and at most so
// many bytes together. It yields where each call begins and ends. A thing that is too large by itself
// has a call of its own.
func Calls(sizes []int, most, maxBytes int) iter.Seq2[int, int] {
	return func(yield func(from, to int) bool) {
		for from := 0; from < len(sizes); {
			to, bytes := from, 0
			for to < len(sizes) && to-from < most && (to == from || bytes+sizes[to] <= maxBytes) {
				bytes += sizes[to]
				to++
			}
			if !yield(from, to) {
				return
			}
			from = to
		}
	}
}
