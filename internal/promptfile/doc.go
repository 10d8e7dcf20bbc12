// Package promptfile starts a job for each prompt file that is uploaded to the
// prompts bucket: a .txt file is one prompt, a .json file one request object. It
// is told of uploads by S3's event notifications, which come at least once, in
// any order and without their files.
//
// Every upload ends in one of four ways: its job is there, started now or before,
// since the same file is the same request; or it is a file that nobody uploads on
// purpose, and is ignored; or the file can't be used, and rejected/<its key>.json
// in the videos bucket says why; or the event itself can't be handled, and the
// error makes Lambda try again and then hand it on to a queue.
package promptfile
