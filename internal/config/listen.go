package config

import (
	"errors"
	"fmt"
	"strings"

	"videotoken/internal/caller"
	"videotoken/internal/listen"
	"videotoken/internal/uri"
)

// Admin is where the admin endpoints are, and who may use them.
type Admin struct {
	Address listen.Address // zero: nowhere
	// Key is the hash of the API key that every endpoint but metrics, health and version needs.
	// nil: they need none.
	Key *caller.Hash
	// Hosts are the hosts, in lower case, that a request may name. It may always name one of the
	// loopback interface.
	Hosts []string
}

// Names are the hosts that a request may name: the configured ones, and the one of the address.
func (a Admin) Names() []string {
	if host := a.Address.Host(); host != "" {
		return append([]string{strings.ToLower(host)}, a.Hosts...)
	}
	return a.Hosts
}

// check reports whether other machines could reach the admin endpoints without a key.
func (a Admin) check() error {
	if a.Address.IsZero() || a.Address.IsLocal() || a.Key != nil {
		return nil
	}
	return ErrAdminKey
}

// ErrAdminKey is the error of admin endpoints that others can use.
var ErrAdminKey = errors.New("other machines can reach it: add an admin_key, which `videotoken " +
	"keygen -admin` prints, or listen on 127.0.0.1, [::1] or a Unix socket")

// address is an address that the program has, and not a file.
func address(text string) listen.Address {
	a, err := listen.Parse(text)
	if err != nil {
		panic(fmt.Sprintf("config: %q: %v", text, err))
	}
	return a
}

// LoadListen reads a file's listen, and nothing else of it: a mistake in another field is none
// here, and no secret is read. Without a file, or a listen in it, it returns the default.
func LoadListen(name string) ([]listen.Address, error) {
	all := defaults().Listen
	if name == "" {
		return all, nil
	}
	f, err := readFile(name, maxSize+1)
	if err != nil {
		return nil, fmt.Errorf("configuration: %s: %w", name, err)
	}
	r := new(reader)
	if root := r.root(f.data); root != nil {
		for _, m := range root.pairs {
			if m.key.text == "listen" && !m.value.isNull() {
				r.addresses(&all).read(r, m.value, "listen")
			}
		}
	}
	if err := r.err(name); err != nil {
		return nil, err
	}
	return all, nil
}

const (
	maxListen = 64
	maxHosts  = 64
)

// addresses is an address, or a list of them.
func (r *reader) addresses(to *[]listen.Address) value {
	var all []listen.Address
	add := func(n *node, f string, a listen.Address) {
		name, _, _ := strings.Cut(f, "[")
		for i, other := range all {
			if a == other && !a.IsZero() {
				r.fail(n, f, "is the address of %s[%d] already: remove one", name, i)
			}
		}
		all = append(all, a)
		*to = all
	}
	one := r.address(add)
	several := list(1, maxListen, one)
	return value{
		read: func(r *reader, n *node, field string) {
			if n.kind == sequence {
				several.read(r, n, field)
			} else {
				one.read(r, n, field)
			}
		},
		schema: func() *schema {
			return &schema{AnyOf: []*schema{one.schema(), several.schema()},
				Default: (*to)[0].String()}
		},
	}
}

// address is an address to listen on.
func (r *reader) address(read func(n *node, field string, a listen.Address)) value {
	return text(func(n *node, f, s string) {
		a, err := listen.Parse(s)
		if err != nil {
			r.fail(n, f, "%v", err)
		}
		read(n, f, a)
	})
}

// admin is the address of the admin endpoints, or "" for nowhere.
func (r *reader) admin(to *listen.Address) value {
	some := r.address(func(_ *node, _ string, a listen.Address) { *to = a })
	return value{
		read: func(r *reader, n *node, field string) {
			if n.kind == quoted && n.text == "" {
				*to = listen.Address{}
			} else {
				some.read(r, n, field)
			}
		},
		schema: some.like("", to.String()).schema,
	}
}

// hosts are names and addresses as they stand in a Host, without a port.
func (r *reader) hosts(to *[]string) value {
	return list(1, maxHosts, text(func(n *node, f, s string) {
		if !uri.IsHost(s) {
			r.fail(n,
				f, `must be a name or an address, without a port, such as "videotoken-1.internal" or "[2001:db8::7]"`)
		}
		*to = append(*to, strings.ToLower(s))
	}))
}
