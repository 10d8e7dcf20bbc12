package sim

import (
	"encoding/hex"
	"math/rand/v2"
)

// uuid4 returns a version 4 UUID (RFC 9562, section 5.4) from the seeded source, so that runs are reproducible.
func uuid4(r *rand.Rand) string {
	var b [16]byte
	for i := range 2 {
		v := r.Uint64()
		for j := range 8 {
			b[i*8+j] = byte(v >> (8 * j))
		}
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
