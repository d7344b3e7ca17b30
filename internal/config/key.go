package config

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"

	"videotoken/internal/scheme"
	"videotoken/token"
)

// key reads an entry of a CDN's keys, and whether its tokens are renewed. It returns nil for a
// mistake, which it reports. No message has any part of a secret. ids have the field of each key id
// that stands before it.
func (r *reader) key(n *node, field string, kind *scheme.Scheme, ids map[int64]string) (k *token.Key, renews bool) {
	var id int64
	hasID := false
	renews = true
	var secrets []*node
	var secret []byte
	r.mapping(n, field, fields{
		"id": func(n *node, f string) {
			hasID = true
			var ok bool
			if id, ok = r.number(n, f, 0, 65535); !ok {
				return
			}
			if other := ids[id]; other != "" {
				r.fail(n, f, "%d is the id of %s already: give each key its own", id, other)
			} else {
				ids[id] = field
			}
		},
		"secret": func(n *node, f string) {
			secrets = append(secrets, n)
			if s, ok := r.text(n, f); ok {
				secret = r.secret(n, f, s)
			}
			r.inline = true
		},
		"secret_file": func(n *node, f string) {
			secrets = append(secrets, n)
			if s, ok := r.text(n, f); ok {
				secret = r.secretFile(n, f, s)
			}
		},
		"renew": func(n *node, f string) { renews = r.boolean(n, f) },
	})
	if n.kind != mapping {
		return nil, false
	}
	if !hasID {
		r.fail(n, field+".id", "is missing: a number from 0 to 65535")
	}
	switch len(secrets) {
	case 0:
		r.fail(n, field, "needs a secret_file or a secret; `videotoken keygen` prints one")
	case 2:
		r.fail(secrets[1], field, "has both a secret and a secret_file: remove one")
	}
	if secret == nil {
		return nil, false
	}
	newKey := token.NewKey
	if kind.Name != scheme.Default {
		newKey = token.NewSHA256Key
	}
	k, err := newKey(uint16(id), secret)
	if err != nil {
		r.fail(n, field, "%v", err)
		return nil, false
	}
	return k, renews
}

// secret reads the text of a secret.
func (r *reader) secret(n *node, field, text string) []byte {
	secret, err := token.ParseSecret(text)
	if err != nil {
		r.fail(n, field, "must be 32 bytes as 43 characters of base64url without padding, as `videotoken keygen` prints them; this has %d characters", len(text))
		return nil
	}
	if bytes.Count(secret, []byte{0}) == len(secret) {
		r.fail(n, field, "is all zeros, which everybody can guess: `videotoken keygen` prints a random secret")
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
		r.warnings = append(r.warnings, fmt.Sprintf("%s: is the same secret as %s: who has one can sign for the other", field, other))
	} else {
		r.secrets[secret] = field
	}
}
