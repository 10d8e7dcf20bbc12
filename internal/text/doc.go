// Package text checks the text that people and programs send, before a video is bought for
// it: whether bytes are UTF-8, and what they look like otherwise (Decode); whether a text
// has something to read in it (Check); and where and why JSON doesn't parse (Object).
//
// Its errors are fragments that follow the name of what they are about, such as "the file"
// or "prompt", and say what to do. They quote single characters only, never a text. The
// package imports the standard library only.
package text
