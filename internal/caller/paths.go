package caller

import (
	"bytes"
	"errors"

	"videotoken/internal/uri"
)

// Paths limit what may be signed: "/films/" stands for every path below the directory, "/films" for
// the path itself, too. Nil limits nothing; an empty list that is not nil allows nothing.
type Paths []uri.Path

// ErrPath is the error of a path that cannot limit anything.
var ErrPath = errors.New(`must be an absolute path such as "/films/", percent-encoded as in a URL, without a query, empty segments and dot segments`)

// ParsePath reads a path of [Paths] from its spelling in a URL.
func ParsePath(text string) (uri.Path, error) {
	p, err := uri.Canonical(nil, []byte(text))
	if err != nil {
		return nil, ErrPath
	}
	return p, nil
}

// Allows reports whether everything that a token of the given depth for a path opens lies within
// the paths: the path alone at depth 0, else each path below its first depth segments. Segments are
// compared as a whole: "/films" does not contain "/films2/a".
func (ps Paths) Allows(path uri.Path, depth int) bool {
	if ps == nil {
		return true
	}
	opened, ok := path.Scope(depth)
	if !ok {
		return false
	}
	for _, p := range ps {
		if bytes.HasPrefix(opened, p) &&
			(len(opened) == len(p) || p[len(p)-1] == '/' || opened[len(p)] == '/') {
			return true
		}
	}
	return false
}
