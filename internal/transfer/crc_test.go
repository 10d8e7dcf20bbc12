package transfer

import (
	"hash/crc32"
	"testing"
)

func FuzzCombineCRC32(f *testing.F) {
	f.Add([]byte("a paper boat crosses"), 7)
	f.Add([]byte{}, 0)
	f.Add(make([]byte, 3000), 1)
	f.Fuzz(func(t *testing.T, whole []byte, at int) {
		at = min(max(at, 0), len(whole))
		got := combineCRC32(crc32.ChecksumIEEE(whole[:at]), crc32.ChecksumIEEE(whole[at:]), int64(len(whole)-at))
		if want := crc32.ChecksumIEEE(whole); got != want {
			t.Errorf("%08x, want %08x", got, want)
		}
	})
}

// A fuzzer doesn't make data as long as parts.
func TestCombineCRC32OfLongParts(t *testing.T) {
	part := make([]byte, 5<<20+3)
	for i := range part {
		part[i] = byte(i * i >> 7)
	}
	whole, one, sum := crc32.NewIEEE(), crc32.ChecksumIEEE(part), uint32(0)
	for range 9 {
		whole.Write(part)
		sum = combineCRC32(sum, one, int64(len(part)))
	}
	if sum != whole.Sum32() {
		t.Errorf("%08x, want %08x", sum, whole.Sum32())
	}
}
