package playlist

import (
	"fmt"
	"net/url"
	"strings"

	"videotoken/internal/uri"
	"videotoken/token"
)

// Result says of one URI whether the token covers it.
type Result struct {
	URI
	Path    string // where it leads, in the spelling that is served; "" for nowhere on the CDN
	Covered bool
	Reason  string // why it is not covered, or does not need a token
}

// tokenSegment stands for the token in front of the playlist's path: what a relative URL takes away
// is then seen.
const tokenSegment = "/~token"

// Check says which URIs of the playlist at the path src a token for the directory scope covers. An
// empty scope is the playlist's own directory.
func Check(src, scope string, uris []URI) ([]Result, error) {
	if _, err := canonical(src); err != nil {
		return nil, fmt.Errorf("-src %q: %w", src, err)
	}
	if scope == "" {
		scope = src[:strings.LastIndexByte(src, '/')+1]
	}
	directory, err := canonical(scope)
	if err != nil || !strings.HasSuffix(scope, "/") {
		return nil, fmt.Errorf(`-scope %q: must be the path of a directory, such as "/films/a/"`,
			scope)
	}
	results := make([]Result, len(uris))
	for i, u := range uris {
		results[i] = check(src, directory, u)
	}
	return results, nil
}

func canonical(path string) (string, error) {
	p, err := uri.Canonical(nil, []byte(path))
	if err != nil {
		return "", fmt.Errorf("must be the canonical path of a file on the CDN: %w", err)
	}
	return string(p), nil
}

func check(src, directory string, u URI) Result {
	r := resolved(src, directory, u)
	if !r.Covered && u.Base != "" {
		r.Reason += fmt.Sprintf(" (its BaseURL is %q)", u.Base)
	}
	return r
}

func resolved(src, directory string, u URI) Result {
	r := Result{URI: u}
	text := join(u.Base, u.Text)
	switch scheme, _, ok := strings.Cut(text, ":"); {
	case strings.Contains(text, "{$"):
		r.Reason = "has a variable, which the player fills in"
		return r
	case ok && isElsewhere[strings.ToLower(scheme)]:
		r.Covered, r.Reason = true, "is not fetched from the CDN"
		return r
	case ok && uri.IsScheme(scheme) && !strings.HasPrefix(strings.ToLower(scheme), "http"):
		r.Reason = fmt.Sprintf("begins with %q, which is read as the scheme of a URL: write %q",
			scheme+":", "./"+text)
		return r
	case ok && uri.IsScheme(scheme), strings.HasPrefix(text, "//"):
		r.Reason = "has a host of its own, so that it has no token"
		return r
	case strings.HasPrefix(text, "/"):
		r.Reason = "is an absolute path, which drops the token from the URL: make it relative"
		return r
	}
	path, ok := resolve(tokenSegment+src, text)
	if _, err := url.Parse(u.Base); err != nil || !ok {
		r.Reason = "is no URL"
		return r
	}
	rest, ok := strings.CutPrefix(path, tokenSegment+"/")
	if !ok {
		r.Reason = `goes up with "../" past the root, and drops the token from the URL`
		return r
	}
	p, err := uri.Canonical(nil, []byte("/"+rest))
	if err != nil {
		r.Reason = "leads to a path that is refused: it is not canonical"
		return r
	}
	r.Path = string(uri.AppendPath(nil, p))
	if r.Covered = strings.HasPrefix(string(p), directory); !r.Covered {
		r.Reason = "is outside the scope"
	}
	return r
}

// isElsewhere are the schemes of what players get from elsewhere: keys, names, and data that stand
// in the URI itself.
var isElsewhere = map[string]bool{"data": true, "skd": true, "urn": true}

// join resolves a reference against a base that may itself be relative.
func join(base, reference string) string {
	scheme, _, ok := strings.Cut(reference, ":")
	switch {
	case base == "" || ok && uri.IsScheme(scheme) || strings.HasPrefix(reference, "/"):
		return reference
	case reference == "":
		return base
	}
	return base[:strings.LastIndexByte(base, '/')+1] + reference
}

// resolve returns the path of a relative reference (RFC 3986, section 5) in a playlist.
func resolve(playlist, reference string) (path string, ok bool) {
	base := url.URL{Path: "/"}
	if parsed, err := url.Parse(playlist); err == nil {
		base = *parsed
	}
	u, err := base.Parse(reference)
	if err != nil || u.Host != "" || u.Opaque != "" {
		return "", false
	}
	return u.EscapedPath(), true
}

// Scope returns the deepest directory that contains the playlist and every URI that a token can
// cover, and false if there is none but the root, or it is deeper than a token can express.
func Scope(src string, results []Result) (string, bool) {
	directory := src[:strings.LastIndexByte(src, '/')+1]
	for _, r := range results {
		for r.Path != "" && !strings.HasPrefix(r.Path, directory) {
			directory = directory[:strings.LastIndexByte(strings.TrimSuffix(directory, "/"), '/')+1]
		}
	}
	depth := strings.Count(directory, "/") - 1
	return directory, depth >= 1 && depth <= token.MaxDepth
}
