package webhook

import "time"

// The timeouts of a first attempt, which others may wait for, and of one in the queue aside.
const (
	firstTimeout = 3 * time.Second
	laterTimeout = 15 * time.Second
)

// waits returns the waits after each attempt that failed. They come to a day less nine minutes.
func waits() []time.Duration {
	return []time.Duration{
		5 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour,
	}
}

// day is how long a delivery is attempted.
const day = 24 * time.Hour

// next returns how long to wait after a number of attempts that failed, the first of them at since;
// false if there is no further one. The receiver may ask for a longer wait. Jitter spreads the
// attempts that failed at once.
func next(attempts int, since, now time.Time, asked time.Duration, jitter func(time.Duration) time.Duration) (time.Duration, bool) {
	all := waits()
	if attempts > len(all) {
		return 0, false
	}
	wait := all[attempts-1]
	wait = max(wait-jitter(wait/10), asked)
	return wait, now.Add(wait).Sub(since) < day
}

// maxDelay is the longest that SQS delays a message. A longer wait is several delays.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-delay-queues.html
const maxDelay = 15 * time.Minute
