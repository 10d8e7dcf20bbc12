package batchfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/takeup/takeup/internal/catalogue"
	"github.com/takeup/takeup/internal/provider/all"
	"github.com/takeup/takeup/internal/text"
	"github.com/takeup/takeup/internal/video"
)

// The fields of a line that are not the request's.
const (
	copiesField = "n"
	labelField  = "label"
)

// pairColumn begins the name of a column of metadata. Its key follows.
const pairColumn = video.Metadata + "."

// newSheet reads the header of a sheet.
func newSheet(s *source, fields map[string]any) (func(bool) (Line, error), error) {
	comma, named, err := separator(s)
	if err != nil {
		return nil, err
	}
	sheet := &sheet{records: records{source: s, comma: comma}, fields: fields}
	if named {
		if _, err := sheet.records.next(); err != nil {
			return nil, err
		}
	}
	for {
		header, err := sheet.records.next()
		sheet.row++
		switch {
		case errors.Is(err, io.EOF):
			return nil, &Unusable{Reason: "is empty; its first line names the columns, such as prompt"}
		case err != nil:
			return nil, err
		case header.wrong != "":
			return nil, &Unusable{Line: header.number, Reason: header.wrong}
		case header.blank():
			continue
		}
		if sheet.columns, err = columns(header); err != nil {
			return nil, err
		}
		return sheet.next, nil
	}
}

// separator determines the separator of cells: the one that gives the header the most known
// columns. With a header of one column there is none. named reports that the first line is
// Excel's sep=; line, which only names the separator.
func separator(s *source) (comma byte, named bool, err error) {
	head, err := s.r.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, false, err
	}
	first, _, _ := bytes.Cut(head, []byte("\n"))
	if line := strings.ToLower(strings.TrimRight(string(first), "\r")); len(line) == len("sep=;") && strings.HasPrefix(line, "sep=") {
		return line[len(line)-1], true, nil
	}
	known, most, cells := names(), 0, 0
	for _, candidate := range []byte(",;\t") {
		r := records{source: newSource(bytes.NewReader(head)), comma: candidate}
		header, err := r.next()
		for err == nil && header.blank() {
			header, err = r.next()
		}
		found := 0
		for _, cell := range header.cells {
			if name := columnOf(cell); slices.Contains(known, name) || strings.HasPrefix(name, pairColumn) {
				found++
			}
		}
		if found > most || found == most && len(header.cells) > max(cells, 1) {
			comma, most, cells = candidate, found, len(header.cells)
		}
	}
	if cells == 1 {
		comma = 0
	}
	return comma, false, nil
}

// folded returns a column's name as a field's name: "Aspect Ratio" is aspect_ratio.
func folded(name string) string {
	name = strings.TrimSpace(text.Unmarked(name))
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == ' ' || r == '-' || r == '_' || r == '\u00a0' }), "_")
}

// columnOf returns the name of a column: a field's name, or pairColumn and a key as it is written.
func columnOf(cell string) string {
	name := strings.TrimSpace(text.Unmarked(cell))
	if len(name) > len(pairColumn) && strings.EqualFold(name[:len(pairColumn)], pairColumn) {
		return pairColumn + name[len(pairColumn):]
	}
	return folded(name)
}

// names returns the known columns, without those of metadata.
func names() []string {
	columns := []string{"prompt"}
	for _, m := range catalogue.All(all.Models()) {
		for _, p := range m.Parameters {
			for _, name := range []string{p.Name, p.Alias} {
				if name != "" && !slices.Contains(columns, name) {
					columns = append(columns, name)
				}
			}
		}
	}
	return append(columns, "model", copiesField, labelField, "type", video.ExternalID, video.Webhook)
}

// meant maps other names that people use to the known columns.
func meant() map[string]string {
	return map[string]string{
		"text": "prompt", "prompts": "prompt", "description": "prompt", "scene": "prompt",
		"seconds": "duration", "length": "duration", "count": copiesField, "copies": copiesField, "quantity": copiesField,
		"name": labelField, "title": labelField, "negative": "negative_prompt", "format": "aspect_ratio", "audio": "generate_audio", "sound": "generate_audio",
		video.Metadata: pairColumn + "KEY",
	}
}

// columns parses the header. Its error names each unknown column.
func columns(header record) ([]string, error) {
	var all, unknown []string
	known, seen := names(), map[string]int{}
	for i, cell := range header.cells {
		name := columnOf(cell)
		key, pair := strings.CutPrefix(name, pairColumn)
		switch {
		case name == "":
		case pair && !catalogue.ValidKey(key):
			return nil, &Unusable{Line: header.number, Reason: fmt.Sprintf("has the column %.80q as column %d, whose key can't be used; a key is 1 to 64 of A-Z a-z 0-9 _ . and -", text.Printable(name), i+1)}
		case !pair && !slices.Contains(known, name):
			if unknown = append(unknown, ""); len(unknown) <= maxFields {
				unknown[len(unknown)-1] = fmt.Sprintf("column %d, %.60q%s", i+1, text.Printable(strings.TrimSpace(cell)), suggestion(name, known))
			}
		case seen[name] > 0:
			return nil, &Unusable{Line: header.number, Reason: fmt.Sprintf("has the column %s twice, as columns %d and %d; name it once", name, seen[name], i+1)}
		}
		seen[name] = i + 1
		all = append(all, name)
	}
	if more := len(unknown) - maxFields; more > 0 {
		unknown = append(unknown[:maxFields], fmt.Sprintf("and %d more", more))
	}
	takes := "it takes " + strings.Join(known, ", ") + ", " + pairColumn + "*"
	prompts := seen["prompt"] + seen["multi_prompt"]
	switch {
	case len(unknown) == len(all) && prompts == 0 && len(header.cells) == 1:
		return nil, &Unusable{Line: header.number, Reason: "has no header: its first line names no known column; " + takes}
	case len(unknown) > 0:
		return nil, &Unusable{Line: header.number, Reason: "has columns that there are not: " + strings.Join(unknown, "; ") + ". Rename them or take them out; " + takes}
	case prompts == 0:
		return nil, &Unusable{Line: header.number, Reason: "has no column prompt; " + takes}
	}
	return all, nil
}

func suggestion(name string, known []string) string {
	if other := meant()[name]; other != "" {
		return " (did you mean " + other + "?)"
	}
	return catalogue.Suggest(name, known)
}
