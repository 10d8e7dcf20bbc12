// Package commands finds the shell commands in Takeup's documents.
package commands

import (
	"fmt"
	"strings"
)

// Command is one shell command of a document.
type Command struct {
	File string
	Line int    // line number, from 1
	Text string // as it is typed, with its continuation lines
	// Block is the number of the fenced block in the document.
	Block int
	// Output is what a transcript shows after the command, one element per line.
	Output string
}

func (c Command) String() string { return fmt.Sprintf("%s:%d: %s", c.File, c.Line, c.Text) }

// UnknownFence is the error for a fenced block whose language doesn't say whether it contains
// commands.
type UnknownFence struct {
	File     string
	Line     int
	Language string
}

func (e *UnknownFence) Error() string {
	return fmt.Sprintf("%s:%d: the fenced block is marked %q; mark it sh where its lines are commands, console for a transcript with $ before the commands, or text, json, mermaid, go, python or js where it has none",
		e.File, e.Line, e.Language)
}

// Find returns the commands of a Markdown document in order: the lines of blocks marked sh, what
// follows "$ " in blocks marked console, and the examples of help texts in blocks marked text.
func Find(file, markdown string) ([]Command, error) {
	var found []Command
	language, fenced, examples, continued := "", false, false, false
	block := 0
	for i, line := range strings.Split(markdown, "\n") {
		if fence, ok := strings.CutPrefix(strings.TrimSpace(line), "```"); ok {
			if fenced = !fenced; fenced {
				language, examples, continued = fence, false, false
				block++
				switch language {
				case "sh", "console", "text", "json", "mermaid", "go", "python", "js":
				default:
					return nil, &UnknownFence{file, i + 1, language}
				}
			}
			continue
		}
		if !fenced {
			continue
		}
		if continued {
			last := &found[len(found)-1]
			last.Text += "\n" + line
			continued = strings.HasSuffix(line, `\`)
			continue
		}
		text, ok := line, false
		switch language {
		case "sh":
			ok = strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "#")
		case "console":
			text, ok = strings.CutPrefix(line, "$ ")
			if last := len(found) - 1; !ok && last >= 0 && found[last].Block == block {
				found[last].Output += line + "\n"
			}
		case "text":
			switch {
			case line == "Examples:":
				examples = true
			case line == "":
				examples = false
			case examples:
				text, ok = strings.TrimSpace(line), true
			}
		}
		if ok {
			found = append(found, Command{File: file, Line: i + 1, Text: text, Block: block})
			continued = strings.HasSuffix(text, `\`)
		}
	}
	return found, nil
}

// InDocker returns the commands of the documents that need a Docker engine. The test in
// test/suites/docker runs each of them.
func InDocker() []string {
	return []string{
		"make invoke FUNCTION=submit",
		"make invoke FUNCTION=check",
		"make invoke FUNCTION=store",
		"takeup invoke submit",
		"takeup invoke check --job a-paper-boat --stack takeup",
		"takeup invoke api --event my-event.json",
		"takeup invoke --prepare",
		".tools/sam/bin/sam local invoke SubmitFunction --template .takeup/invoke/template.yaml --event .takeup/invoke/events/submit.json",
	}
}
