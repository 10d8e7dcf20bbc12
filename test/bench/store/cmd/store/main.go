// Command store compares Store's copying with other tools. See package store.
package main

import (
	"context"
	"flag"
	"os"
	"strconv"
	"strings"

	"github.com/takeup/takeup/test/bench/store"
	"github.com/takeup/takeup/test/harness/program"
)

func main() { program.Main("bench-store", run) }

func run(ctx context.Context) error {
	o := store.Options{Output: os.Stdout, Progress: os.Stderr}
	flag.IntVar(&o.Runs, "runs", 5, "how often each tool stores each video")
	flag.Func("sizes", "the videos' sizes in MiB, with spaces between them", func(text string) error {
		for _, field := range strings.Fields(text) {
			size, err := strconv.Atoi(field)
			if err != nil {
				return err
			}
			o.Sizes = append(o.Sizes, size)
		}
		return nil
	})
	flag.Func("rows", "the kinds of rows in the tables: uncapped, capped, faults, with spaces between them", func(text string) error {
		for _, field := range strings.Fields(text) {
			o.Rows = append(o.Rows, store.Rows(field))
		}
		return nil
	})
	flag.StringVar(&o.Root, "root", "..", "the repository")
	flag.StringVar(&o.Dir, "dir", "../.takeup/bench-store", "where the run's files are; it is emptied")
	for name, program := range map[string]*string{
		"versitygw": &o.Programs.Versitygw, "rclone": &o.Programs.Rclone, "s5cmd": &o.Programs.S5cmd,
		"aws": &o.Programs.AWS, "python": &o.Programs.Python,
	} {
		flag.StringVar(program, name, "", "the program "+name)
	}
	flag.Parse()
	return store.Run(ctx, o)
}
