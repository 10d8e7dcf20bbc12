package video

import "time"

// Sending is a request that came to the API without an Idempotency-Key, with its client's
// retries. All of them are one job.
type Sending struct {
	Job string
	// At is when the last of its POSTs was received.
	At time.Time
	// Retry is the highest retry count among its POSTs; 0 for a first POST.
	Retry int
	// First says that it includes the first POST. A retry may come before it, or instead of
	// it.
	First bool
	// Open says that the last POST was answered with an error, so that the next one of the
	// same request belongs to it, whether or not it is a retry.
	Open bool
}
