package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"

	"videotoken/internal/server"
)

func printVersion(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("version", flag.ContinueOnError)
	asJSON := f.Bool("json", false, "print it as JSON, with the commit")
	if err := parse(f, stderr, args, "Usage: videotoken version [-json]\n\n"+
		"Prints the version, and what the program was built with.\n\n", 0); err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(stdout).Encode(build())
	}
	_, err := fmt.Fprintln(stdout, version())
	return err
}

// version is the version in one line.
func version() string {
	b := build()
	return fmt.Sprintf("videotoken %s %s %s/%s", b.Version, b.Go, b.OS, b.Arch)
}

// build returns what the Go tool stamped: for a checkout the version names its commit.
func build() server.Build {
	b := server.Build{Version: "(unknown)", Go: runtime.Version(), OS: runtime.GOOS,
		Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}
