// Package batchfile reads files of prompts: CSV, JSON Lines, and text with one prompt per
// line.
//
// A file is read as a stream, in bounded memory, and is never changed. Each line is a
// request under the rules for single requests, with two more fields: n, the number of
// videos to make of it, and label, the owner's name for it. A wrong line is reported, and
// reading continues with the next one. A fault of the file as a whole ends the reading.
package batchfile
