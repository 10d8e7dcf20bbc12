package term

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/takeup/takeup/internal/text"
)

// JSON prints a value as indented JSON. It escapes characters that control a terminal or reverse
// the direction of text.
func JSON(out io.Writer, value any) error {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false) // URLs keep their &
	if err := encoder.Encode(value); err != nil {
		return err
	}
	var escaped strings.Builder
	for _, r := range plain.String() {
		if r != '\n' && text.Printable(string(r)) != string(r) {
			fmt.Fprintf(&escaped, `\u%04x`, r)
			continue
		}
		escaped.WriteRune(r)
	}
	_, err := io.WriteString(out, escaped.String())
	return err
}
