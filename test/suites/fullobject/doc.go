// Package fullobject tests the transfer and the conditional writes against an S3 that keeps and
// verifies a full-object checksum of a multipart upload. MiniStack keeps only a checksum of the
// parts' checksums. The server is versitygw, over TLS, as the transfer speaks to S3.
//
// With the build tag aws it is S3 itself: the bucket that TAKEUP_TEST_BUCKET names.
package fullobject
