// Package uri is the grammar of URLs: which letters a request target may have, the canonical form
// of a path, and the one spelling in which a path and a query are signed and served.
//
// A verifier calls [Check] for a whole request target, [Canonical] for its path, and [AppendPath]
// and [AppendQuery] for what is served. A signer calls [Source.Parse] for each URL of a document.
//
// The rules are docs/DESIGN.md, sections 2 and 3, on top of RFC 3986. Beside the standard library
// the package imports ascii alone, and nothing that requests need allocates where its buffers have
// room.
package uri

import "errors"

// ErrPath is the error of a path that has no canonical form, and of a query that has no signed
// form.
var ErrPath = errors.New("uri: the path has no canonical form")

// MaxTarget is how long a request target may be, in bytes. Proxies take no longer request lines by
// default.
const MaxTarget = 8 << 10
