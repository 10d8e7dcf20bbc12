package client

import (
	"fmt"
	"hash"
	"hash/crc32"

	"github.com/takeup/takeup/internal/video"
)

// newDigest returns the hash that a manifest has of its file.
func newDigest() hash.Hash32 { return crc32.NewIEEE() }

// verify compares the size and the hash of a file with its manifest.
func verify(manifest video.Manifest, size int64, digest hash.Hash32) error {
	if size != manifest.Bytes {
		return fmt.Errorf("it has %d bytes, and its manifest says %d", size, manifest.Bytes)
	}
	if sum := video.CRC32(digest.Sum32()); sum != manifest.CRC32 {
		return fmt.Errorf("its CRC-32 is %s, and its manifest says %s", sum, manifest.CRC32)
	}
	return nil
}
