package config

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

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

// schemeName is the name of the scheme of a CDN, which was read first.
func schemeName(kind *scheme.Scheme) value {
	return value{
		read:   func(*reader, *node, string) {},
		schema: func() *schema { return &schema{Const: kind.Name} },
	}
}

// schemeOptions are the options of a CDN's scheme. Their values start with the defaults.
func (r *reader) schemeOptions(c *entry) fields {
	known := options(c.kind.Options, c.options)
	if c.kind.Weak {
		known = append(known, member{"weak", "true: you know that the hash of this scheme is " +
			"broken, and this CDN has nothing better.", value{
			read: func(r *reader, n *node, f string) {
				c.options["weak"] = strconv.FormatBool(r.boolean(n, f))
			},
			schema:  func() *schema { return &schema{Const: true} },
			missing: needsWeak(c.kind),
		}})
	}
	return known
}

func needsWeak(kind *scheme.Scheme) string {
	return kind.Name + " hashes with MD5, which is broken: weak: true says that you know, and " +
		"that this CDN has nothing better"
}

// options are those of a scheme, or of its keys. Their values start with the defaults.
func options(list []scheme.Option, values map[string]string) (known fields) {
	for _, o := range list {
		if o.Default != "" {
			values[o.Name] = o.Default
		}
		set := func(s string) { values[o.Name] = s }
		var v value
		switch {
		case o.Choices != nil:
			chosen := o.Default
			v = choice(&chosen, o.Choices...).then(func(*node, string) { set(chosen) })
		case o.Bool:
			var is bool
			v = boolean(&is).then(func(*node, string) { set(strconv.FormatBool(is)) })
		case o.Seconds:
			v = durationOf(func(d time.Duration) {
				set(strconv.FormatInt(int64(d/time.Second), 10))
			}, time.Second, maxTTL)
		default:
			v = text(func(_ *node, _, s string) { set(s) }).like("", o.Default)
		}
		known = append(known, member{o.Name, sentence(o.Doc), v})
	}
	return known
}

// sentence makes a sentence of the documentation of an option.
func sentence(doc string) string {
	if doc == "" {
		return ""
	}
	return doc + "."
}

// signer makes the signer and the verifier of a CDN with a foreign scheme.
func (r *reader) signer(n *node, field string, c *entry) {
	if c.kind.Weak && c.options["weak"] != "true" {
		r.fail(n, field+".weak", "is missing: %s", needsWeak(c.kind))
		return
	}
	parts := scheme.CDN{URL: c.URL, Keys: c.keys, Options: c.options, Signatures: r.signatures}
	s, err := c.kind.New(&parts)
	if err != nil {
		r.fail(n, field, "%v", err)
		return
	}
	if c.options["unlimited"] == "true" {
		r.warnings = append(r.warnings,
			fmt.Sprintf("%s: unlimited is true: URLs of this CDN never end", field))
	}
	c.Signer, c.Verifier, c.KeyID = s, scheme.NewVerifier(c.kind, parts), c.keys[0].ID
}

// foreignKey is an entry of the keys of a CDN with a foreign scheme. No message has any part of a
// secret.
func (r *reader) foreignKey(c *entry) value {
	kind := c.kind
	var key scheme.Key
	var private func() // reads the private key, once the options are known
	values := map[string]string{}
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
	var known, secrets fields
	if kind.KeyID {
		known = append(known,
			member{"id", "The key's name at the CDN.", digits(func(n *node, _ string) {
				key.ID = n.text
			}).needed("the key's name at the CDN")})
	}
	if kind.Private != nil {
		secrets = append(secrets, member{"private_key_file", "The name of a PEM file that holds " +
			"the private key.", text(func(n *node, f, name string) {
			private = func() { key.Private = r.privateKey(n, f, name, kind, values) }
		})})
	}
	if kind.Secret != nil || kind.HexSecret {
		secrets = append(secrets, member{"secret_file", docSecretFile, text(
			func(n *node, f, name string) {
				if text, ok := r.secretText(n, f, name, maxSecretFile); ok {
					read(n, f, text, parse)
				}
			})})
	}
	if kind.Secret != nil {
		secrets = append(secrets, member{"secret", "The secret as the CDN shows it; better in a " +
			"secret_file.", text(func(n *node, f, text string) {
			r.inline = true
			read(n, f, text, kind.Secret)
		})})
	}
	if kind.HexSecret {
		secrets = append(secrets, member{"secret_hex", "The secret in hexadecimal digits; better " +
			"in a secret_file.", digits(func(n *node, f string) {
			r.inline = true
			read(n, f, n.text, readHex)
		})})
	}
	known = append(append(known, secrets...), options(kind.KeyOptions, values)...)
	return object(known).then(func(*node, string) {
		if private != nil {
			private()
		}
		c.keys = append(c.keys, key)
	}).either("needs one of "+secrets.String(), "has more than one secret: remove all but one",
		strings.Split(secrets.String(), ", ")...)
}

// digits is a string that may be digits alone, without quotes, and so look like a number.
func digits(read func(n *node, field string)) value {
	return value{
		read: func(r *reader, n *node, field string) {
			if n.kind == plain || n.kind == quoted {
				read(n, field)
			} else {
				r.fail(n, field, "must be a string")
			}
		},
		schema: func() *schema { return &schema{Type: []string{"string", "number"}} },
	}
}

// maxPrivateKeyFile bounds a PEM file with a private key.
const maxPrivateKeyFile = 16 << 10

// privateKey reads the private key in a PEM file, whose name may be relative to the
// configuration's. It returns nil for a mistake.
func (r *reader) privateKey(n *node, field, name string, kind *scheme.Scheme,
	options map[string]string) *scheme.PrivateKey {
	if strings.Contains(name, "-----BEGIN") {
		r.fail(n, field, "is a key, not the name of a file: put the key into a file that only "+
			"the service can read")
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
