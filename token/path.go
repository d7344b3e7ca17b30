package token

import "videotoken/internal/uri"

// Path is a path in canonical form, as [Canonical] makes it. Who converts other bytes to a Path
// vouches for them.
type Path = uri.Path

// Canonical appends the canonical form of a URL's path to dst and returns the extended slice; see
// docs/DESIGN.md, section 3. A path that a server, a proxy or a cache could read in two ways is
// refused with [ErrPath], and dst is then returned as it came.
//
// path may not overlap the free capacity of dst.
func Canonical(dst Path, path []byte) (Path, error) {
	dst, err := uri.Canonical(dst, path)
	if err != nil {
		return dst, ErrPath
	}
	return dst, nil
}
