package config

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"videotoken/internal/scheme"
	"videotoken/token"
)

const docSecretFile = "The name of a file that holds the secret."

// key is an entry of a CDN's keys. No message has any part of a secret. ids have the field of each
// key id that stands before it.
func (r *reader) key(c *entry, field string, ids map[int64]string) value {
	id := int64(-1)
	renews := true
	var secret []byte
	return object(fields{
		{"id", "The key's number, which no other key of the file has.", number(
			&id, 0, 65535).without().then(func(n *node, f string) {
			if id < 0 {
				return // it is a mistake already
			}
			if other := ids[id]; other != "" {
				r.fail(n, f, "%d is the id of %s already: give each key its own", id, other)
			} else {
				ids[id] = field
			}
		}).needed("a number from 0 to 65535")},
		{"secret_file", docSecretFile, text(func(n *node, f, s string) {
			secret = r.secretFile(n, f, s)
		})},
		{"secret", "The secret, 43 characters of base64url; better in a secret_file.", text(
			func(n *node, f, s string) {
				r.inline = true
				secret = r.secret(n, f, s)
			}).like("^[A-Za-z0-9_-]{43}$", "")},
		{"renew", "false: the tokens of this key are not renewed.", boolean(&renews)},
	}).either("needs a secret_file or a secret; `videotoken keygen` prints one",
		"has both a secret and a secret_file: remove one", "secret_file",
		"secret").then(func(n *node, field string) {
		if secret == nil {
			return
		}
		newKey := token.NewKey
		if c.kind.Name != scheme.Default {
			newKey = token.NewSHA256Key
		}
		k, err := newKey(uint16(id), secret)
		if err != nil {
			r.fail(n, field, "%v", err)
			return
		}
		if c.Keys = append(c.Keys, k); !renews {
			c.Unrenewed = append(c.Unrenewed, k.ID())
		}
	})
}

// secret reads the text of a secret.
func (r *reader) secret(n *node, field, text string) []byte {
	secret, err := token.ParseSecret(text)
	if err != nil {
		r.fail(n, field, "must be 32 bytes as 43 characters of base64url without padding, as "+
			"`videotoken keygen` prints them; this has %d characters", len(text))
		return nil
	}
	if bytes.Count(secret, []byte{0}) == len(secret) {
		r.fail(n, field,
			"is all zeros, which everybody can guess: `videotoken keygen` prints a random secret")
		return nil
	}
	r.unique(field, string(secret))
	return secret
}

// maxSecretFile bounds a secret file: a secret, and a line end.
const maxSecretFile = 1 << 10

// secretFile reads the secret in a file, whose name may be relative to the configuration's.
func (r *reader) secretFile(n *node, field, name string) []byte {
	if _, err := token.ParseSecret(name); err == nil {
		r.fail(n, field, "is a secret, not the name of a file: move it to `secret`")
		return nil
	}
	text, ok := r.secretText(n, field, name, maxSecretFile)
	if !ok {
		return nil
	}
	return r.secret(n, field, text)
}

// secretText reads a secret file of at most limit bytes, whose name may be relative to the
// configuration's, without the line end.
func (r *reader) secretText(n *node, field, name string, limit int64) (string, bool) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(r.dir, name)
	}
	r.files = append(r.files, name)
	f, err := readFile(name, limit)
	if err != nil {
		r.fail(n, field, "cannot be read: %v", err)
		return "", false
	}
	r.note(name, f)
	if f.isPublic() {
		r.warnings = append(r.warnings, fmt.Sprintf("%s: %s is %s", field, name, f.readers()))
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(f.data), "\n"), "\r"), true
}

// unique warns of a secret that stands in the file twice.
func (r *reader) unique(field, secret string) {
	if other := r.secrets[secret]; other != "" {
		r.warnings = append(r.warnings,
			fmt.Sprintf("%s: is the same secret as %s: who has one can sign for the other", field,
				other))
	} else {
		r.secrets[secret] = field
	}
}
