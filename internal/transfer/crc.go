package transfer

import "hash/crc32"

// combineCRC32 returns the CRC-32 of two consecutive blocks of data from the CRC-32 of each and
// the length of the second: it multiplies crc1 by x^(8·length2) modulo the CRC's polynomial, and
// adds crc2. It is zlib's crc32_combine (Mark Adler,
// https://github.com/madler/zlib/blob/master/crc32.c).
func combineCRC32(crc1, crc2 uint32, length2 int64) uint32 {
	const one = 1 << 31 // the polynomial 1: the lowest bit is the highest power
	shift, square := uint32(one), uint32(one>>8)
	for n := length2; n > 0; n >>= 1 {
		if n&1 == 1 {
			shift = multiply(shift, square)
		}
		square = multiply(square, square)
	}
	return multiply(shift, crc1) ^ crc2
}

// multiply multiplies two polynomials over GF(2) modulo the CRC-32's polynomial.
func multiply(a, b uint32) uint32 {
	var product uint32
	for ; a != 0; a <<= 1 {
		if a>>31 == 1 {
			product ^= b
		}
		low := b & 1
		b >>= 1
		if low == 1 {
			b ^= crc32.IEEE
		}
	}
	return product
}
