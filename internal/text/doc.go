// Package text judges what people and programs send as text before a video is
// bought for it: whether bytes are UTF-8 and what they look like otherwise
// (Decode), whether a text says something that a person can see (Check), and
// where and why JSON doesn't parse (Object).
//
// Its errors are fragments that follow the name of what they are about, as "the
// file" or "prompt", and say what to do. They quote single characters only, never
// a text. It imports the standard library only.
package text
