package config

import (
	"errors"
	"fmt"
	"strings"

	"videotoken/internal/caller"
	"videotoken/internal/listen"
)

// Admin is where the admin endpoints are, and who may use them.
type Admin struct {
	Address listen.Address // zero: nowhere
	Key     *caller.Hash   // of the key that each request needs that changes something, or tells much; nil: none
	Hosts   []string       // that requests may name besides those of the loopback interface, in lower case
}

// check reports whether other machines could reach the admin endpoints without a key.
func (a Admin) check() error {
	if a.Address.IsZero() || a.Address.IsLocal() || a.Key != nil {
		return nil
	}
	return ErrAdminKey
}

// ErrAdminKey is the error of admin endpoints that others can use.
var ErrAdminKey = errors.New("other machines can reach it: add an admin_key, which `videotoken keygen -admin` prints, or listen on 127.0.0.1, [::1] or a Unix socket")

// address is an address that the program has, and not a file.
func address(text string) listen.Address {
	a, err := listen.Parse(text)
	if err != nil {
		panic(fmt.Sprintf("config: %q: %v", text, err))
	}
	return a
}

// LoadListen reads a file's listen, and nothing else of it: a mistake in another field is none here,
// and no secret is read. Without a file, or a listen in it, it returns the default.
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
				all = r.addresses(m.value, "listen")
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

// addresses reads an address, or a list of them.
func (r *reader) addresses(n *node, field string) (all []listen.Address) {
	if n.kind != sequence {
		return []listen.Address{r.address(n, field)}
	}
	r.listOf(n, field, 1, maxListen, func(n *node, f string) {
		a := r.address(n, f)
		for i, other := range all {
			if a == other && !a.IsZero() {
				r.fail(n, f, "is the address of %s[%d] already: remove one", field, i)
			}
		}
		all = append(all, a)
	})
	return all
}

func (r *reader) address(n *node, field string) listen.Address {
	text, ok := r.text(n, field)
	if !ok {
		return listen.Address{}
	}
	a, err := listen.Parse(text)
	if err != nil {
		r.fail(n, field, "%v", err)
	}
	return a
}

// hosts reads names and addresses as they stand in a Host, without a port.
func (r *reader) hosts(n *node, field string) (hosts []string) {
	r.listOf(n, field, 1, maxHosts, func(n *node, f string) {
		text, ok := r.text(n, f)
		if ok && !isHost(text) {
			r.fail(n, f, `must be a name or an address, without a port, such as "videotoken-1.internal" or "[2001:db8::7]"`)
		}
		hosts = append(hosts, strings.ToLower(text))
	})
	return hosts
}
