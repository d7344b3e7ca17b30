package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"videotoken/internal/caller"
	"videotoken/internal/scheme"
	"videotoken/token"
)

func keygen(stdout, stderr io.Writer, args []string) error {
	f := flag.NewFlagSet("keygen", flag.ContinueOnError)
	id := f.String("id", "1", "the key's `ID`: a number from 0 to 65535, another one for every "+
		"key; for other schemes its name at the CDN")
	bare := f.Bool("secret-only", false, "print the secret alone, for a secret_file")
	who := f.String("caller", "",
		"print an API key for the caller `NAME`, and its entry for the configuration's callers")
	admin := f.Bool("admin", false,
		"print a key for the admin endpoints, and the configuration's admin_key")
	out := f.String("out", "",
		"write the private key of a scheme that has one into the new `FILE`; by default NAME.pem")
	name := f.String("scheme", "", "print the entry of a CDN of the scheme `NAME`: "+
		strings.Join(scheme.Names(), ", "))
	if err := parse(f, stderr, args,
		"Usage: videotoken keygen [-id ID | -secret-only] [-scheme NAME [-out FILE]] | -caller "+
			"NAME | -admin\n\nPrints a new random key as an entry for a CDN's keys in the "+
			"configuration. With -caller and -admin the\nfirst line is the API key, which is "+
			"shown this once, and the second has its hash for the configuration.\n\n",
		0); err != nil {
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
		return fmt.Errorf("-scheme %q: must be one of %s", *name,
			strings.Join(scheme.Names(), ", "))
	case kind.NewPrivate != nil:
		if *bare {
			return fmt.Errorf("-scheme %s: has private keys, which are written into a file: "+
				"remove -secret-only", kind.Name)
		}
		return privateKey(stdout, kind, *id, cmp.Or(*out, kind.Name+".pem"))
	case *out != "":
		return fmt.Errorf("-out: the scheme %s has no private keys", kind.Name)
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
	_, err := fmt.Fprintf(stdout, "- {name: cdn-1, url: \"https://cdn.example.com\", scheme: %s, "+
		"%skeys: [%s]}\n", kind.Name, options, key)
	return err
}

// privateKey writes a new private key into a file, and prints the entry of a CDN with it and the
// public key.
func privateKey(stdout io.Writer, kind *scheme.Scheme, id, name string) error {
	private, public, err := kind.NewPrivate()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	if _, err := f.Write(private); err != nil {
		f.Close()
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "# %s\n# The public key:\n%s- {name: cdn-1, url: "+
		"\"https://cdn.example.com\", scheme: %s, keys: [{id: %s, private_key_file: %q}]}\n",
		kind.KeyDoc, commented(public), kind.Name, id, name)
	return err
}

// commented puts a "#" before each line.
func commented(text []byte) string {
	return "# " + strings.ReplaceAll(strings.TrimSuffix(string(text), "\n"), "\n", "\n# ") + "\n"
}

// apiKey prints a new API key, and the line of the configuration with its hash.
func apiKey(stdout io.Writer, format string) error {
	key, err := caller.NewKey(rand.Reader)
	if err == nil {
		_, err = fmt.Fprintf(stdout, "%s\n"+format, key, caller.HashOf([]byte(key)).String())
	}
	return err
}
