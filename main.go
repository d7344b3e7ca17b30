// Videotoken turns video documents into URLs that CDNs serve for a while: POST /video/token.
// README.md says how to run it. Each command is in the file of its name.
package main

import "os"

func main() { os.Exit(execute(os.Stdout, os.Stderr, os.Args[1:])) }
