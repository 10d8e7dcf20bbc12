package transfer

import "hash/crc32"

// joined is the CRC-32 of what two parts make, of which the second has so many
// bytes: the first one's, moved over them in the field that CRCs are reckoned in,
// and the second one's.
func joined(first, second uint32, length int64) uint32 {
	const one = 1 << 31 // in this order of bits
	shift, square := uint32(one), uint32(one>>8)
	for n := length; n > 0; n >>= 1 {
		if n&1 == 1 {
			shift = product(shift, square)
		}
		square = product(square, square)
	}
	return product(shift, first) ^ second
}

// product multiplies two polynomials modulo CRC-32's.
func product(a, b uint32) uint32 {
	var p uint32
	for ; a != 0; a <<= 1 {
		if a>>31 == 1 {
			p ^= b
		}
		low := b & 1
		b >>= 1
		if low == 1 {
			b ^= crc32.IEEE
		}
	}
	return p
}
