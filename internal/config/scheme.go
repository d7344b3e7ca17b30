package config

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
)

// scheme returns the scheme of a CDN, which says what else its entry may have. It returns the
// default for a mistake.
func (r *reader) scheme(n *node, field string) *scheme.Scheme {
	for _, p := range n.pairs {
		if p.key.text != "scheme" {
			continue
		}
		if name, ok := r.choice(p.value, field+".scheme", scheme.Names()...); ok {
			return scheme.Lookup(name)
		}
	}
	return scheme.Lookup(scheme.Default)
}

// schemeOptions adds the options of a scheme to the fields of a CDN. Values go to values, which
// starts with the defaults.
func (r *reader) schemeOptions(kind *scheme.Scheme, known fields, values map[string]string) {
	r.options(kind.Options, known, values)
	if kind.Weak {
		known["weak"] = func(n *node, f string) { values["weak"] = strconv.FormatBool(r.boolean(n, f)) }
	}
}

// options adds options to the fields that are known. Values go to values, which starts with the
// defaults.
func (r *reader) options(options []scheme.Option, known fields, values map[string]string) {
	for _, o := range options {
		if o.Default != "" {
			values[o.Name] = o.Default
		}
		known[o.Name] = func(n *node, f string) {
			switch {
			case o.Choices != nil:
				values[o.Name], _ = r.choice(n, f, o.Choices...)
			case o.Bool:
				values[o.Name] = strconv.FormatBool(r.boolean(n, f))
			case o.Seconds:
				d, _ := r.duration(n, f, time.Second, maxTTL)
				values[o.Name] = strconv.FormatInt(int64(d/time.Second), 10)
			default:
				values[o.Name], _ = r.text(n, f)
			}
		}
	}
}

// signer makes the signer and the verifier of a CDN with a foreign scheme.
func (r *reader) signer(n *node, field string, kind *scheme.Scheme, c *cdn.CDN, keys []scheme.Key, options map[string]string) {
	if kind.Weak && options["weak"] != "true" {
		r.fail(n, field+".weak", "is missing: %s hashes with MD5, which is broken: weak: true says that you know, and that this CDN has nothing better", kind.Name)
		return
	}
	parts := scheme.CDN{URL: c.URL, Keys: keys, Options: options, Signatures: r.signatures}
	s, err := kind.New(&parts)
	if err != nil {
		r.fail(n, field, "%v", err)
		return
	}
	if options["unlimited"] == "true" {
		r.warnings = append(r.warnings, fmt.Sprintf("%s: unlimited is true: URLs of this CDN never end", field))
	}
	c.Signer, c.Verifier = s, scheme.NewVerifier(kind, parts)
}

// foreignKey reads an entry of the keys of a CDN with a foreign scheme. No message has any part of a
// secret.
func (r *reader) foreignKey(n *node, field string, kind *scheme.Scheme) (key scheme.Key, ok bool) {
	at := len(r.mistakes)
	var secrets []*node
	hasID := false
	read := func(n *node, f, text string, parse func(string) ([]byte, error)) {
		secret, err := parse(text)
		if err != nil {
			r.fail(n, f, "%v", err)
			return
		}
		r.unique(f, string(secret))
		key.Secret = secret
	}
	parse := kind.Secret
	if parse == nil {
		parse = readHex
	}
	known := fields{}
	if kind.Secret != nil || kind.HexSecret {
		known["secret_file"] = func(n *node, f string) {
			secrets = append(secrets, n)
			if name, ok := r.text(n, f); ok {
				if text, ok := r.secretText(n, f, name, maxSecretFile); ok {
					read(n, f, text, parse)
				}
			}
		}
	}
	options := map[string]string{}
	r.options(kind.KeyOptions, known, options)
	var private func() // reads the private key, once the options are known
	if kind.Private != nil {
		known["private_key_file"] = func(n *node, f string) {
			secrets = append(secrets, n)
			if name, ok := r.text(n, f); ok {
				private = func() { key.Private = r.privateKey(n, f, name, kind, options) }
			}
		}
	}
	if kind.KeyID {
		known["id"] = func(n *node, f string) {
			hasID = true
			if n.kind == plain {
				key.ID = n.text // a name may look like a number
			} else {
				key.ID, _ = r.text(n, f)
			}
		}
	}
	if kind.Secret != nil {
		known["secret"] = func(n *node, f string) {
			secrets = append(secrets, n)
			r.inline = true
			if text, ok := r.text(n, f); ok {
				read(n, f, text, kind.Secret)
			}
		}
	}
	if kind.HexSecret {
		known["secret_hex"] = func(n *node, f string) {
			secrets = append(secrets, n)
			r.inline = true
			if n.kind == plain || n.kind == quoted { // digits alone look like a number
				read(n, f, n.text, readHex)
			} else {
				r.fail(n, f, "must be a string")
			}
		}
	}
	r.mapping(n, field, known)
	if private != nil {
		private()
	}
	switch {
	case n.kind != mapping:
	case kind.KeyID && !hasID:
		r.fail(n, field+".id", "is missing: the key's name at the CDN")
	case len(secrets) == 0:
		delete(known, "id")
		for _, o := range kind.KeyOptions {
			delete(known, o.Name)
		}
		r.fail(n, field, "needs one of %s", known)
	case len(secrets) > 1:
		r.fail(secrets[1], field, "has more than one secret: remove all but one")
	}
	return key, len(r.mistakes) == at
}

// maxPrivateKeyFile bounds a PEM file with a private key.
const maxPrivateKeyFile = 16 << 10

// privateKey reads the private key in a PEM file, whose name may be relative to the configuration's.
// It returns nil for a mistake.
func (r *reader) privateKey(n *node, field, name string, kind *scheme.Scheme, options map[string]string) *scheme.PrivateKey {
	if strings.Contains(name, "-----BEGIN") {
		r.fail(n, field, "is a key, not the name of a file: put the key into a file that only the service can read")
		return nil
	}
	text, ok := r.secretText(n, field, name, maxPrivateKeyFile)
	if !ok {
		return nil
	}
	key, err := kind.Private([]byte(text), options)
	if err != nil {
		r.fail(n, field, "%v", err)
		return nil
	}
	r.unique(field, text)
	return key
}

// readHex reads a secret in hexadecimal digits.
func readHex(text string) ([]byte, error) {
	secret, err := hex.DecodeString(text)
	if err != nil || len(secret) == 0 {
		return nil, fmt.Errorf("must be hexadecimal digits, an even number of them")
	}
	return secret, nil
}
