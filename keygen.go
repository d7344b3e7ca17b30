package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"io"

	"videotoken/token"
)

func keygen(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("keygen", flag.ContinueOnError)
	id := f.Uint("id", 1, "the key's id, `N` from 0 to 65535: another one for every key")
	bare := f.Bool("secret-only", false, "print the secret alone, for a secret_file")
	if err := parse(f, stderr, args, "Usage: videotoken keygen [-id N | -secret-only]\n\nPrints a new random key as an entry for a CDN's keys in the configuration.\n\n", 0); err != nil {
		return err
	}
	if *id > 65535 {
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
