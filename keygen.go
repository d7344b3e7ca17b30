package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"io"

	"videotoken/internal/caller"
	"videotoken/token"
)

const keygenUsage = `Usage: videotoken keygen [-id N | -secret-only | -caller NAME | -admin]

Prints a new random key as an entry for a CDN's keys in the configuration. With -caller, it is the
API key of somebody who may ask for signed URLs, and with -admin the admin's key: the first line is
the key, which is shown this once, and the second what the configuration has of it, its hash.

`

func keygen(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("keygen", flag.ContinueOnError)
	id := f.Uint("id", 1, "the key's id, `N` from 0 to 65535: another one for every key")
	bare := f.Bool("secret-only", false, "print the secret alone, for a secret_file")
	name := f.String("caller", "", "print an API key for the caller `NAME`, and its entry for the configuration's callers")
	admin := f.Bool("admin", false, "print a key for the admin endpoints, and the configuration's admin_key")
	if err := parse(f, stderr, args, keygenUsage, 0); err != nil {
		return err
	}
	set := map[string]bool{}
	f.Visit(func(f *flag.Flag) { set[f.Name] = true })
	switch {
	case len(set) > 1:
		return fmt.Errorf("keygen prints one kind of key at a time: give one of -id, -secret-only, -caller and -admin")
	case set["caller"]:
		if !caller.IsName(*name) {
			return fmt.Errorf(`-caller %q: must be 1 to 64 letters, digits, "-", "_" and "."`, *name)
		}
		return apiKey(stdout, fmt.Sprintf("- {name: %q, hash: %%q}\n", *name))
	case *admin:
		return apiKey(stdout, "admin_key: %q\n")
	case *id > 65535:
		return fmt.Errorf("-id %d: must be from 0 to 65535", *id)
	}
	secret := make([]byte, token.SecretSize)
	_, _ = rand.Read(secret) // never fails: it ends the process instead
	format := "- {id: %[1]d, secret: \"%[2]s\"}\n"
	if *bare {
		format = "%[2]s\n"
	}
	_, err := fmt.Fprintf(stdout, format, *id, token.FormatSecret(secret))
	return err
}

// apiKey prints a new API key, and the line of the configuration with its hash.
func apiKey(stdout io.Writer, format string) error {
	key, err := caller.NewKey(rand.Reader)
	if err == nil {
		_, err = fmt.Fprintf(stdout, "%s\n"+format, key, caller.HashOf([]byte(key)).String())
	}
	return err
}
