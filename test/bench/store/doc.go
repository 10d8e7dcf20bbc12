// Package store compares Store's copying with other ways to copy a URL into S3: how long it
// takes, which resources it uses, and what becomes of a video whose source misbehaves.
// docs/performance.md describes the method.
package store
