package batch

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/takeup/takeup/internal/api"
	"github.com/takeup/takeup/internal/api/client"
	"github.com/takeup/takeup/internal/batch/batchfile"
	"github.com/takeup/takeup/internal/cli/command"
	"github.com/takeup/takeup/internal/cli/flags"
	"github.com/takeup/takeup/internal/cli/target"
)

func newResults(env *command.Env) *cobra.Command {
	var (
		t              target.Target
		b              operator
		format, output string
		force          bool
	)
	formats := []string{api.BatchCSV, api.BatchJSONL}
	cmd := &cobra.Command{
		Use: "results ID", Args: command.Args(1, 1),
		Short: "Print what became of each line of a batch",
		Long: `Prints what became of each video of a batch, in the order of its file: line, label,
id, status, reason, what to do, seconds, bytes, cost and its address in S3. At the
end of a batch this file is beside its videos too; before, it is as of now.

The CSV is for spreadsheets: a text that one would take for a formula has an
apostrophe before it.`,
		ValidArgsFunction: ids(env, &t),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			if !slices.Contains(formats, format) {
				return command.Usagef("--format must be csv or jsonl")
			}
			if err := client.CheckTarget(output); output != "" && err != nil {
				return &command.UsageError{Err: err}
			}
			if err := b.open(ctx, env, &t); err != nil {
				return err
			}
			from, err := b.access.BatchResults(ctx, args[0], format)
			if err != nil {
				return err
			}
			defer from.Close()
			if output == "" {
				_, err = io.Copy(env.Out, from)
				return err
			}
			return save(output, from, force)
		},
	}
	cmd.Flags().StringVar(&format, "format", api.BatchCSV, "the `format`: csv or jsonl")
	flags.Complete(cmd, "format", formats)
	cmd.Flags().StringVarP(&output, "output", "o", "", "the `file` to write; standard output if it is not given")
	cmd.Flags().BoolVar(&force, "force", false, "replace a file that exists")
	t.APIFlags(cmd)
	return cmd
}

// save writes a whole file, or none.
func save(path string, from io.Reader, force bool) error {
	if _, err := os.Lstat(path); err == nil && !force {
		return command.Usagef("%s exists; give another --output, or replace it with --force", path)
	}
	to, err := os.CreateTemp(filepath.Dir(path), ".takeup-*")
	if err != nil {
		return fmt.Errorf("writing the results: %w", err)
	}
	_, err = io.Copy(to, from)
	if err = errors.Join(err, to.Close()); err == nil {
		err = os.Rename(to.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing the results: %w", err), os.Remove(to.Name()))
	}
	return nil
}

// entry is a video of a batch, and the name of its file.
type entry struct {
	batchfile.Result
	file string
}

// entries reads the results of a batch.
func entries(ctx context.Context, access target.API, id string) ([]entry, error) {
	from, err := access.BatchResults(ctx, id, api.BatchJSONL)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	var all []entry
	copies := map[int]int{}
	for decoder := json.NewDecoder(bufio.NewReader(from)); ; {
		var e entry
		switch err := decoder.Decode(&e.Result); {
		case errors.Is(err, io.EOF):
			named(all, copies)
			return all, nil
		case err != nil:
			return nil, &client.Unexpected{Address: access.Address, What: "its results can't be read: " + err.Error()}
		}
		copies[e.Line]++
		all = append(all, e)
	}
}

// named gives each video the name of its file. The videos of one line follow each other.
func named(all []entry, copies map[int]int) {
	seen := map[int]int{}
	for i := range all {
		e := &all[i]
		seen[e.Line]++
		e.file = batchfile.FileName(e.Line, seen[e.Line], copies[e.Line], e.Label)
	}
}
