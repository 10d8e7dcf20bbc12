package jobitem

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
)

// digestBytes is the length of a pair's digest. Two pairs of one table then share a digest only if
// somebody makes them so.
const digestBytes = 12

// digest returns what stands for a pair of metadata in a job's item and its indexes. Metadata can
// be ten times as long as the rest of the item, which is written several times, and in each index.
func digest(key, value string) string {
	sum := sha256.Sum256([]byte(key + "=" + value)) // no key has a =
	return base64.RawURLEncoding.EncodeToString(sum[:digestBytes])
}

// PairDigests returns the digests of pairs of metadata, sorted.
func PairDigests(pairs map[string]string) []string {
	all := make([]string, 0, len(pairs))
	for key, value := range pairs {
		all = append(all, digest(key, value))
	}
	slices.Sort(all)
	return all
}
