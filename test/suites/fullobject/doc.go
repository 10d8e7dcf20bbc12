// Package fullobject holds the transfer and the conditional writes to an S3 that
// keeps, and verifies, a checksum of a whole object that came in parts: MiniStack
// keeps one of the parts' checksums. It is versitygw, over TLS, as the transfer
// speaks to S3.
//
// With the build tag aws it is S3 itself: the bucket that TAKEUP_TEST_BUCKET names.
package fullobject
