// Package fullobject holds the transfer to an S3 that keeps, and verifies, a
// checksum of a whole object that came in parts: MiniStack keeps one of the
// parts' checksums. It is versitygw, over TLS, as the transfer speaks to S3.
package fullobject
