package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"videotoken/internal/cdn"
	"videotoken/token"
)

// cdns reads the list of CDNs. Names and key ids are unique in the whole file, so that a token tells its key.
func (r *reader) cdns(n ast.Node, field string) (cdns []cdn.CDN) {
	names, ids := map[string]string{}, map[uint64]string{}
	count := r.list(n, field, func(n ast.Node, field string) {
		c := cdn.CDN{Weight: 1}
		keys := 0
		seen := map[string]bool{}
		r.mapping(n, field, fields{
			"name": func(n ast.Node, f string) {
				seen["name"] = true
				s, ok := r.text(n, f)
				if !ok {
					return
				}
				if !isName(s) {
					r.fail(n, f, `must be 1 to 64 letters, digits, "-", "_" and ".": it is a part of the path of /verify`)
				} else if other := names[s]; other != "" {
					r.fail(n, f, "%q is the name of %s already: give each CDN its own", s, other)
				} else {
					c.Name, names[s] = s, field
				}
			},
			"url": func(n ast.Node, f string) {
				seen["url"] = true
				if s, ok := r.text(n, f); ok {
					if _, ok := parseBase(s); !ok {
						r.fail(n, f, `must be a scheme and a host, such as "https://d111.cloudfront.net", without a path, a query or a "/" at the end`)
					}
					c.URL = s
				}
			},
			"weight": func(n ast.Node, f string) {
				w, _ := r.number(n, f, 1, cdn.MaxWeight)
				c.Weight = int(w)
			},
			"keys": func(n ast.Node, f string) {
				seen["keys"] = true
				keys = r.list(n, f, func(n ast.Node, f string) {
					if k := r.key(n, f, ids); k != nil {
						c.Keys = append(c.Keys, k)
					}
				})
				if _, isList := n.(*ast.SequenceNode); isList && keys == 0 {
					r.fail(n, f, "has no key: a CDN needs at least one; `videotoken keygen` prints one")
				}
			},
		})
		for _, name := range []string{"name", "url", "keys"} {
			if !seen[name] {
				r.fail(n, field+"."+name, "is missing: every CDN needs it")
			}
		}
		cdns = append(cdns, c)
	})
	if _, isList := n.(*ast.SequenceNode); isList && count == 0 {
		r.fail(n, field, "is empty: list at least one CDN")
	}
	return cdns
}

func isName(s string) bool {
	for _, c := range []byte(s) {
		if !('a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.') {
			return false
		}
	}
	return 1 <= len(s) && len(s) <= 64 && s != "." && s != ".."
}

// key reads an entry of a CDN's keys; nil is a mistake that was reported. No message has any part of a secret.
func (r *reader) key(n ast.Node, field string, ids map[uint64]string) *token.Key {
	var id uint64
	var hasID, ok bool
	var secrets []ast.Node
	var secret []byte
	r.mapping(n, field, fields{
		"id": func(n ast.Node, f string) {
			hasID = true
			if id, ok = r.number(n, f, 0, 65535); !ok {
				return
			}
			if other := ids[id]; other != "" {
				r.fail(n, f, "%d is the id of %s already: give each key its own", id, other)
			} else {
				ids[id] = field
			}
		},
		"secret": func(n ast.Node, f string) {
			secrets = append(secrets, n)
			if s, ok := r.text(n, f); ok {
				secret = r.secret(n, f, s)
			}
		},
		"secret_file": func(n ast.Node, f string) {
			secrets = append(secrets, n)
			if s, ok := r.text(n, f); ok {
				secret = r.secretFile(n, f, s)
			}
		},
	})
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
		return nil
	}
	k, err := token.NewKey(uint16(id), secret)
	if err != nil {
		r.fail(n, field, "%v", err)
		return nil
	}
	return k
}

func (r *reader) secret(n ast.Node, field, text string) []byte {
	secret, err := token.ParseSecret(text)
	if err != nil {
		r.fail(n, field, "must be 32 bytes as 43 characters of base64url without padding, as `videotoken keygen` prints them; this has %d characters", len(text))
		return nil
	}
	return secret
}

func (r *reader) secretFile(n ast.Node, field, path string) []byte {
	if _, err := token.ParseSecret(path); err == nil {
		r.fail(n, field, "is a secret, not the name of a file: move it to `secret`")
		return nil
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(r.dir, path)
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a file")
	}
	var data []byte
	if err == nil {
		data, err = os.ReadFile(path)
	}
	if err != nil {
		var p *fs.PathError
		if errors.As(err, &p) {
			err = p.Err // without the name, which may be a part of a secret
		}
		r.fail(n, field, "cannot be read: %v", err)
		return nil
	}
	if info.Mode().Perm()&0o004 != 0 {
		r.warnings = append(r.warnings, fmt.Sprintf("%s: %s is readable by everybody on this machine (mode %v)", field, path, info.Mode().Perm()))
	}
	return r.secret(n, field, strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"))
}
