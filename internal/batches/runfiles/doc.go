// Package runfiles has the files that a run of a batch leaves in the videos bucket: its plan, as
// items without a text beside the lines of requests that they name, and its results. Objects
// stores them in S3.
package runfiles
