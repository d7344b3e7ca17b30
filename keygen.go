package main

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"videotoken/internal/caller"
	"videotoken/internal/scheme"
	"videotoken/token"
)

func keygen(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("keygen", flag.ContinueOnError)
	id := f.String("id", "1", "the key's `ID`: a number from 0 to 65535, another one for every key; for other schemes its name at the CDN")
	bare := f.Bool("secret-only", false, "print the secret alone, for a secret_file")
	who := f.String("caller", "", "print an API key for the caller `NAME`, and its entry for the configuration's callers")
	admin := f.Bool("admin", false, "print a key for the admin endpoints, and the configuration's admin_key")
	name := f.String("scheme", "", "print the entry of a CDN of the scheme `NAME`: "+strings.Join(scheme.Names(), ", "))
	if err := parse(f, stderr, args, "Usage: videotoken keygen [-id ID | -secret-only] [-scheme NAME] | -caller NAME | -admin\n\nPrints a new random key as an entry for a CDN's keys in the configuration. With -caller and -admin the\nfirst line is the API key, which is shown this once, and the second has its hash for the configuration.\n\n", 0); err != nil {
		return err
	}
	set := map[string]bool{}
	f.Visit(func(f *flag.Flag) { set[f.Name] = true })
	switch {
	case (set["caller"] || *admin) && len(set) > 1:
		return errors.New("-caller and -admin print an API key: give neither with another flag")
	case set["caller"]:
		if !caller.IsName(*who) {
			return fmt.Errorf(`-caller %q: must be 1 to 64 letters, digits, "-", "_" and "."`, *who)
		}
		return apiKey(stdout, fmt.Sprintf("- {name: %q, hash: %%q}\n", *who))
	case *admin:
		return apiKey(stdout, "admin_key: %q\n")
	}
	kind := scheme.Lookup(*name)
	if *name == "" {
		kind = scheme.Lookup(scheme.Default)
	}
	switch {
	case kind == nil:
		return fmt.Errorf("-scheme %q: must be one of %s", *name, strings.Join(scheme.Names(), ", "))
	case kind.NewSecret == nil:
		return fmt.Errorf("-scheme %s: %s", kind.Name, kind.KeyDoc)
	case kind.IsOwn():
		if _, err := token.ParseID(*id); err != nil {
			return fmt.Errorf("-id %s: %w", *id, err)
		}
	}
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails: it ends the process instead
	field, secret := kind.NewSecret(random)
	if *bare {
		_, err := fmt.Fprintln(stdout, secret)
		return err
	}
	key := fmt.Sprintf("{%s: %q}", field, secret)
	if kind.KeyID {
		key = fmt.Sprintf("{id: %s, %s: %q}", *id, field, secret)
	}
	if *name == "" {
		_, err := fmt.Fprintf(stdout, "- %s\n", key)
		return err
	}
	options := ""
	if kind.Weak {
		options = "weak: true, preset: nginx, "
	}
	if kind.KeyDoc != "" {
		fmt.Fprintf(stdout, "# %s\n", kind.KeyDoc)
	}
	_, err := fmt.Fprintf(stdout, "- {name: cdn-1, url: \"https://cdn.example.com\", scheme: %s, %skeys: [%s]}\n", kind.Name, options, key)
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
