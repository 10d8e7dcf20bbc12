package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/text"
)

func jsonFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "json", false, "print JSON, as docs/cli.md describes it")
}

// printJSON prints one value. What would move a terminal's cursor or turn the order
// of characters around is escaped, which JSON reads back as the same.
func printJSON(out io.Writer, value any) error {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false) // the & of a URL stays one
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

func costText(cost *api.Cost) string {
	if cost == nil {
		return "not known"
	}
	return fmt.Sprintf("%.2f USD", cost.USD)
}

func dash(word string) string {
	if word == "" {
		return "-"
	}
	return word
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
