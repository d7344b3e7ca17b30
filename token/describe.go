package token

import (
	"fmt"
	"time"
)

// String is what an accepted token says, for people: one field a line, times in UTC.
func (v Verified) String() string {
	b := AppendField(nil, "path", string(v.AppendURI(nil)))
	b = AppendField(b, "key", fmt.Sprint(v.Key))
	b = AppendField(b, "depth", fmt.Sprint(v.Claims.Depth))
	b = AppendField(b, "expires", FormatTime(int64(v.Claims.Expiry)))
	b = v.Claims.AppendOptional(b)
	if v.Claims.RenewableUntil|v.Claims.TTL != 0 {
		b = AppendField(b, "renewable", "until "+FormatTime(int64(v.Claims.RenewableUntil)))
		b = AppendField(b, "ttl", fmt.Sprintf("%d s", v.Claims.TTL))
	}
	return string(b)
}

// AppendOptional appends the start, the network and the session of claims that have them, for
// people.
func (c *Claims) AppendOptional(dst []byte) []byte {
	if c.NotBefore != 0 {
		dst = AppendField(dst, "not before", FormatTime(int64(c.NotBefore)))
	}
	if c.IP.IsValid() {
		dst = AppendField(dst, "ip", c.IP.String())
	}
	if c.HasSession {
		dst = AppendField(dst, "session", fmt.Sprintf("%x", c.Session))
	}
	return dst
}

// AppendField appends a line with the name and the value of a field, for people.
func AppendField(dst []byte, name, value string) []byte {
	return fmt.Appendf(dst, "%-11s %s\n", name, value)
}

// FormatTime returns a time in Unix seconds, and the same as RFC 3339 has it.
func FormatTime(at int64) string {
	return fmt.Sprintf("%d (%s)", at, time.Unix(at, 0).UTC().Format(time.RFC3339))
}
