package transfer

import "testing"

// S3 accepts at most 10,000 parts, of at least 5 MiB except the last. MiniStack accepts smaller
// ones.
func TestPartSizes(t *testing.T) {
	const mib = 1 << 20
	s := New(nil, Config{}).sizes
	for _, length := range []int64{10 * mib, 10*mib + 1, 15 * mib, 20*mib - 1, 64 * mib, 100*mib + 7, 1 << 30, 10 << 30, 1 << 40} {
		for _, streams := range []int{1, 2, s.streams} {
			cuts := s.cuts(length, streams)
			if cuts[0] != 0 || cuts[1] != 5*mib || cuts[len(cuts)-1] != length || len(cuts)-1 > 10_000 {
				t.Errorf("%d bytes by %d: from %d to %d, in %d parts", length, streams, cuts[0], cuts[len(cuts)-1], len(cuts)-1)
			}
			for i := 1; i < len(cuts); i++ {
				if size := cuts[i] - cuts[i-1]; size < 5*mib && i < len(cuts)-1 || size <= 0 || size > 5<<30 {
					t.Errorf("%d bytes by %d: part %d has %d", length, streams, i, size)
				}
			}
		}
	}
	if parts := len(s.cuts(64*mib, s.streams)) - 1; parts < 12 {
		t.Errorf("64 MiB in %d parts only", parts)
	}
}
