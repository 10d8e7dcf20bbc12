// Package store compares Store's copying with what else a person would copy
// a URL into S3 with: how long it takes, what it takes of the machine, and what
// becomes of a video whose source misbehaves. docs/performance.md says how it
// measures.
package store
