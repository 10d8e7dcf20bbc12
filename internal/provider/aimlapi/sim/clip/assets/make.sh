#!/bin/sh
# Makes the videos that the simulator serves: one a length (3 to 15 s) and aspect ratio, named <seconds>s-<w>x<h>.mp4.
# Run it here, with ffmpeg 5 or later that has libx264; the results are kept in the repository.
# A slow gradient at 5 frames a second is a real h264 stream of a few kilobytes. +faststart puts the index first,
# +bitexact keeps the encoder's version and the date out of the file.
set -eu
cd "$(dirname "$0")"
for shape in 16x9:192x108 9x16:108x192 1x1:144x144; do
	ratio=${shape%%:*}
	size=${shape##*:}
	for seconds in 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		ffmpeg -nostdin -loglevel error -y \
			-f lavfi -i "gradients=size=$size:rate=5:nb_colors=3:speed=0.02:seed=$seconds:duration=$seconds" \
			-c:v libx264 -preset veryslow -crf 40 -g 75 -pix_fmt yuv420p \
			-fflags +bitexact -flags:v +bitexact -map_metadata -1 -movflags +faststart \
			"${seconds}s-$ratio.mp4"
	done
done
