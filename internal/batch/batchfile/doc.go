// Package batchfile reads files of prompts: CSV, JSON Lines, and text with a prompt a
// line.
//
// A file is read as a stream, in bounded memory, and never changed. Each line is a
// request under the rules of single requests, with two fields more: n, how many videos
// are made of it, and label, its owner's name for it. A line that is wrong is named
// and the next one is read. What is wrong with the file as a whole ends the reading.
package batchfile
