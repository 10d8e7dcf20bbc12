package receiver_test

import (
	"testing"
	"time"

	"github.com/takeup/takeup/internal/notify/receiver"
)

func TestAdvice(t *testing.T) {
	now := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		pace receiver.Pace
		age  time.Duration
		want receiver.Advice
	}{
		{"", 0, receiver.Ask},
		{receiver.Asked, 0, receiver.Soon}, {receiver.Asked, 999 * time.Millisecond, receiver.Soon},
		{receiver.Asked, time.Second, receiver.Aside}, {receiver.Asked, 59 * time.Second, receiver.Aside}, {receiver.Asked, time.Minute, receiver.Ask},
		{receiver.Quick, 0, receiver.Send}, {receiver.Quick, 9 * time.Minute, receiver.Send}, {receiver.Quick, 10 * time.Minute, receiver.Ask},
		{receiver.Slow, 0, receiver.Aside}, {receiver.Slow, 4 * time.Minute, receiver.Aside}, {receiver.Slow, 5 * time.Minute, receiver.Ask},
	} {
		if got := (receiver.Receiver{Pace: test.pace, At: now.Add(-test.age)}).Advice(now); got != test.want {
			t.Errorf("%s, %s ago: %d, want %d", test.pace, test.age, got, test.want)
		}
	}
	quick, slow := receiver.Of(time.Second, now), receiver.Of(time.Second+1, now)
	if quick.Pace != receiver.Quick || slow.Pace != receiver.Slow || !quick.Newer(slow) || quick.Newer(quick) {
		t.Errorf("it is %v, or %v", quick, slow)
	}
	if later := receiver.Of(0, now.Add(3*time.Minute)); !quick.Newer(later) {
		t.Error("a pace that is about to be forgotten is not written again")
	}
}
