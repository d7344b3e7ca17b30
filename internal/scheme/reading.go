package scheme

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"videotoken/token"
)

// Reader is a signer of a foreign scheme that reads URLs back.
type Reader interface {
	Signer
	// Read takes a path and query apart, as a client sends them, and judges nothing. The error is a
	// [token.Error], or one that says why it cannot be told whether the URL is good. Then the
	// reading has what could be read until there, and is nil where there is no token, or more than
	// one.
	Read(target string) (*Reading, error)
}

// Reading is what a URL says. Its token may be forged, until [Verifier.Verify] returned no error.
type Reading struct {
	Scheme string
	// Path and Query are what is asked for, as they go over the wire: with the CDN's base path, and
	// without the token.
	Path, Query string
	Key         string // the id of the key that the URL names, "" where it names none
	// Opens is what the token states that it opens: a path, with its query where that is signed, or
	// a directory up to its last slash. It is "" where the token states nothing.
	Opens       string
	IsDirectory bool // Opens is a directory
	// Claims are what the token says. Verify finds the depth.
	Claims token.Claims

	issued    bool // the URL has the time of issue, and the expiry is validity seconds later
	validity  int64
	endless   bool   // the URL has no time
	isBound   bool   // to the client's address, which the URL does not state
	mayBind   bool   // whether it is bound to an address only the signature tells
	dirHashed bool   // it opens a directory that only the signature tells
	anyQuery  bool   // the query is not signed, and Append is given none
	signature []byte // of a private key
	target    string // the URL's path and query, in the order in which the signer writes them
	signer    Signer // writes the URL again
}

// The errors of URLs whose token this service does not make, although their CDN may take it.
var (
	ErrUnlike = errors.New("the token says what this service does not sign, so it cannot tell " +
		"whether the token is good")
	ErrPlace = errors.New("the token is in the path where this CDN's are in the query, or the " +
		"other way round: see placement")
)

// String is what the URL says, for people: one field a line, times in UTC.
func (r *Reading) String() string {
	b := token.AppendField(nil, "path", join(r.Path, r.Query, ""))
	b = token.AppendField(b, "scheme", r.Scheme)
	if r.Key != "" {
		b = token.AppendField(b, "key", r.Key)
	}
	switch {
	case r.Claims.Depth > 0:
		b = token.AppendField(b, "depth", strconv.Itoa(r.Claims.Depth))
	case !r.IsDirectory && !r.dirHashed:
		b = token.AppendField(b, "depth", "0")
	}
	if r.Opens != "" {
		name := "opens"
		if r.IsDirectory {
			name = "directory"
		}
		b = token.AppendField(b, name, r.Opens)
	}
	switch {
	case r.endless:
		b = token.AppendField(b, "expires", "never")
	case r.Claims.Expiry != 0:
		if r.issued {
			b = token.AppendField(b, "issued", token.FormatTime(int64(r.Claims.Expiry)-r.validity))
			b = token.AppendField(b, "validity",
				fmt.Sprintf("%d s, which the CDN adds to the time of issue", r.validity))
		}
		b = token.AppendField(b, "expires", token.FormatTime(int64(r.Claims.Expiry)))
	}
	if r.isBound && !r.Claims.IP.IsValid() {
		b = token.AppendField(b, "ip", "one that the URL does not state")
	}
	return string(r.Claims.AppendOptional(b))
}

// covers reports whether what the token states that it opens is what is asked for.
func (r *Reading) covers() bool {
	switch {
	case r.Opens == "":
		return true
	case r.IsDirectory:
		return strings.HasPrefix(r.Path, r.Opens)
	case strings.Contains(r.Opens, "?"):
		return r.Path+"?"+r.Query == r.Opens
	}
	return r.Path == r.Opens
}

// open sets what the token opens from a pattern: a path, or a directory and "*". It reports false
// for another pattern.
func (r *Reading) open(pattern string) bool {
	r.Opens = pattern
	directory, ok := strings.CutSuffix(pattern, "*")
	if !ok {
		return true
	}
	if !strings.HasSuffix(directory, "/") || strings.Contains(directory, "*") {
		return false
	}
	r.Opens, r.IsDirectory = directory, true
	return true
}

// join returns a path with a query and a token after it, either of which may be empty.
func join(path, query, added string) string {
	if query = joinQuery(query, added); query != "" {
		path += "?" + query
	}
	return path
}

// joinQuery returns a query of the parts that are not empty.
func joinQuery(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "&")
}

// take takes parameters out of a query: the rest, the parameters in their order, and their values
// by name. It returns [token.ErrAmbiguous] where one stands twice.
func take(query string, names ...string) (rest, taken string, values map[string]string, err error) {
	values = map[string]string{}
	var left, found []string
	for one := range strings.SplitSeq(query, "&") {
		name, value, ok := strings.Cut(one, "=")
		if !ok || !slices.Contains(names, name) {
			left = append(left, one)
			continue
		}
		if _, twice := values[name]; twice {
			err = token.ErrAmbiguous
		}
		values[name] = value
		found = append(found, one)
	}
	return strings.Join(left, "&"), strings.Join(found, "&"), values, err
}

// readParameter reads the URL of a scheme whose token stands in the first segment, NAME=TOKEN, or
// in the query. End returns where the token ends that a path starts with, -1 for none.
func readParameter(target, name string,
	end func(path string) int) (r *Reading, text string, inPath bool, err error) {
	path, query, _ := strings.Cut(target, "?")
	rest, taken, values, err := take(query, name)
	if err != nil {
		return nil, "", false, err
	}
	text, inQuery := values[name]
	segment, inPath := strings.CutPrefix(path, "/"+name+"=")
	switch {
	case inPath && inQuery:
		return nil, "", false, token.ErrAmbiguous
	case inQuery:
		return &Reading{Path: path, Query: rest, target: join(path, rest, taken)}, text, false, nil
	case !inPath:
		return nil, "", false, token.ErrMissing
	}
	n := end(segment)
	if n < 0 {
		return nil, "", true, token.ErrMalformed
	}
	return &Reading{Path: segment[n:], Query: query, target: target}, segment[:n], true, nil
}

// readSeconds reads a time in Unix seconds.
func readSeconds(text string) (at uint32, ok bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return 0, false
	}
	return uint32(n), true
}
