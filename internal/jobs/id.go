package jobs

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// IDFromKey derives a job's id from the parts that identify a request: equal parts give equal
// ids. The prefix names the trigger, and is hashed too. It must be 1 to 17 of a-z, 0-9 and -, so
// that the id is valid. The parts are hashed with their lengths, so that ("ab", "c") differs
// from ("a", "bc").
func IDFromKey(prefix string, parts ...string) string {
	var all []byte
	for _, part := range append([]string{prefix}, parts...) {
		all = binary.BigEndian.AppendUint64(all, uint64(len(part)))
		all = append(all, part...)
	}
	sum := sha256.Sum256(all)
	return prefix + "-" + encode(sum[:])
}

// RandomID returns a unique id, from 128 random bits. The prefix is as in IDFromKey.
func RandomID(prefix string, random io.Reader) (string, error) {
	bits := make([]byte, 16)
	if _, err := io.ReadFull(random, bits); err != nil {
		return "", fmt.Errorf("making a job's id: %w", err)
	}
	return prefix + "-" + encode(bits), nil
}

// encode uses only lower case: ids become file names, and some file systems ignore case.
func encode(b []byte) string {
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b))
}
