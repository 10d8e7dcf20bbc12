package fetch

import (
	"fmt"
	"testing"
)

func FuzzContentRange(f *testing.F) {
	for _, value := range []string{
		"bytes 0-4/10", "bytes 5-9/10", "bytes 0-9/*", "bytes */10", "bytes 9-5/10", "bytes 0-10/10", "items 0-4/10", "bytes -4/10",
		"", "bytes", "bytes 0-9223372036854775807/9223372036854775807", "bytes 0-4/10, bytes 5-9/10", "bytes +0-4/10", "bytes  0-4/10",
	} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		from, to, length, ok := contentRange(value)
		if !ok {
			return
		}
		if from < 0 || to <= from || length < to {
			t.Errorf("%q is %d, %d, %d", value, from, to, length)
		}
		if again := fmt.Sprintf("bytes %d-%d/%d", from, to-1, length); len(again) > len(value) {
			t.Errorf("%q is read as %q", value, again)
		}
	})
}
