package commands

import (
	"slices"
	"testing"
)

func TestStale(t *testing.T) {
	const transcript = `starting MiniStack ... 0.4 s
job api-zjf4uqdsfyey2e6x2dwwh5aaiciy6cm2zangurxxwy76onv75uca: a/v1 5s, 0.98 USD
   0.3 s  queued
  10.3 s  storing
S3     s3://takeup-videosbucket-38160501bdff0/video.mp4
`
	for name, test := range map[string]struct {
		printed string
		want    []string
	}{
		"the same": {transcript, nil},
		"other numbers, ids and names, and a stage that was too short": {`installing sam, as pinned in tools/sam.txt ... 41.0 s
starting MiniStack ... 1.7 s
job api-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: a/v1 5s, 12.98 USD
   1.1 s  queued
   9.8 s  storing
S3     s3://takeup-videosbucket-0a1b2c3d4e5f6/video.mp4
`, nil},
		"other words": {`starting the engine ... 0.4 s
job api-zjf4uqdsfyey2e6x2dwwh5aaiciy6cm2zangurxxwy76onv75uca: a/v1 5s, 0.98 dollars
   0.3 s  waiting
S3     s3://takeup-videosbucket-38160501bdff0/video.mp4
`, []string{"- job ID: a/v0 0s, 0 USD", "+ starting the engine ... 0 s", "+ 0 s  waiting"}},
	} {
		if got := Stale(transcript, test.printed); !slices.Equal(got, test.want) {
			t.Errorf("%s: the differences are %q, not %q", name, got, test.want)
		}
	}
}
