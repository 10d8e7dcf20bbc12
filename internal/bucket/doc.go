// Package bucket stores the small JSON objects that Takeup writes to the videos bucket. A
// manifest beside each stored video describes the video and says that it is complete. A
// rejection for each prompt file that was not accepted says why. The keys are those of
// package objectkey. Package transfer writes the videos themselves.
package bucket
