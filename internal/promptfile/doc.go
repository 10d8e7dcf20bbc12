// Package promptfile starts a job for each prompt file that is uploaded to the prompts
// bucket: a .txt file is one prompt, a .json file one request object. It handles S3's event
// notifications, which are delivered at least once, in any order, and without the files'
// contents.
//
// Every upload has one of four outcomes. Its job exists, started now or before; the same
// file is the same request. Or the file is one that nobody uploads on purpose, and is
// ignored. Or the file can't be used, and rejected/<its key>.json in the videos bucket says
// why. Or the event itself can't be handled; the error makes Lambda retry it and then move
// it to a queue.
package promptfile
