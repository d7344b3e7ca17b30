package main

import (
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
)

func printVersion(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("version", flag.ContinueOnError)
	if err := parse(f, stderr, args, "Usage: videotoken version\n\nPrints the version, and what the program was built with.\n", 0); err != nil {
		return err
	}
	_, err := fmt.Fprintln(stdout, version())
	return err
}

// version returns the version that the Go tool stamped, which for a checkout names its commit.
func version() string {
	v := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok {
		v = info.Main.Version
	}
	return fmt.Sprintf("videotoken %s %s %s/%s", v, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
