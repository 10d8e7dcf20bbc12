package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/client"
)

func jsonFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "json", false, "print JSON, as docs/cli.md describes it")
}

// printJSON prints one value.
func printJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false) // the & of a URL stays one
	return encoder.Encode(value)
}

func costText(cost *client.Cost) string {
	if cost == nil {
		return "not known"
	}
	return fmt.Sprintf("%.2f USD (%d credits)", cost.USD, cost.Credits)
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func isDirectory(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
