// Package bucket keeps the small objects that Takeup writes as JSON into the videos
// bucket: beside each stored video a manifest, which says what it is and that it is
// whole, and for each prompt file that was not taken a rejection, which says why. The keys
// are those of package objectkey. The videos themselves are written by package transfer.
package bucket
