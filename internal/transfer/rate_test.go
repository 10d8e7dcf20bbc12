package transfer

import (
	"testing"
	"time"
)

func TestFast(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		came          int64
		in            time.Duration
		rest          int64
		singleRequest time.Duration
		want          bool
	}{
		{256 << 10, time.Millisecond, 1 << 40, time.Second, true},         // 250 MiB/s is enough, however much is left
		{64 * mib, time.Second, 1 << 40, time.Second, true},               // just enough
		{64*mib - 1, time.Second, 1 << 40, time.Second, false},            // not enough, and much is left
		{256 << 10, 31250 * time.Microsecond, 8 * mib, time.Second, true}, // 8 MiB/s, and done in time
		{256 << 10, 31250 * time.Microsecond, 8*mib + 1, time.Second, false},
		{1, 0, 1 << 40, time.Nanosecond, true}, // it came at once
	} {
		if got := DefaultTimeouts().fast(c.came, c.in, c.rest, c.singleRequest); got != c.want {
			t.Errorf("%d bytes in %v, %d to come in %v: %v", c.came, c.in, c.rest, c.singleRequest, got)
		}
	}
}
