package commands

import (
	"regexp"
	"slices"
	"strings"
)

// A timed line reports a stage of the local stack or the progress of a job. Which of them are
// printed depends on timing.
var timed = regexp.MustCompile(`^(.* \.\.\. 0 s|0 s  \w+)$`)

// These differ between runs: the ids of jobs, the suffixes that CloudFormation appends to names,
// and numbers, which include versions, dates and addresses.
var (
	ids      = regexp.MustCompile(`\bapi-[a-z2-7]{20,}`)
	suffixes = regexp.MustCompile(`[-/][0-9A-Fa-f]{8,}\b`)
	numbers  = regexp.MustCompile(`[0-9]+([.:-][0-9]+)*`)
)

func masked(text string) []string {
	text = ids.ReplaceAllString(text, "ID")
	text = suffixes.ReplaceAllString(text, "-SUFFIX")
	text = numbers.ReplaceAllString(text, "0")
	var lines []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" { // the indentation depends on a time's digits
			lines = append(lines, line)
		}
	}
	return lines
}

// Stale returns the differences between a document's transcript and the output of its command,
// ignoring what differs between runs. "- " precedes a line that was not printed, and "+ " a
// timed line that the transcript lacks.
func Stale(transcript, printed string) []string {
	var differences []string
	want, got := masked(transcript), masked(printed)
	for _, line := range want {
		if !timed.MatchString(line) && !slices.Contains(got, line) {
			differences = append(differences, "- "+line)
		}
	}
	for _, line := range got {
		// The first run on a machine also installs tools.
		if timed.MatchString(line) && !strings.HasPrefix(line, "installing ") && !slices.Contains(want, line) {
			differences = append(differences, "+ "+line)
		}
	}
	return differences
}
