package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"videotoken/bench/internal/report"
)

// page writes the page of a result file again.
func page(_ context.Context, _, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("page", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprintln(stderr, "usage: bench page [flags] FILE.json")
		f.PrintDefaults()
	}
	out := f.String("o", "", "the page (default: FILE.html)")
	if err := f.Parse(args); err != nil || f.NArg() != 1 {
		if err == nil {
			f.Usage()
		}
		return errUsage
	}
	file, err := report.Read(f.Arg(0))
	if err != nil {
		return err
	}
	if *out == "" {
		*out = strings.TrimSuffix(f.Arg(0), ".json") + ".html"
	}
	return file.WritePage(*out)
}
