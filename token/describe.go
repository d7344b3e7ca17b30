package token

import (
	"fmt"
	"strings"
	"time"
)

// String is what an accepted token says, for people: one field a line, times in UTC.
func (v Verified) String() string {
	var b strings.Builder
	field := func(name string, format string, value any) { fmt.Fprintf(&b, "%-11s "+format+"\n", name, value) }
	instant := func(t uint32) string {
		return fmt.Sprintf("%d (%s)", t, time.Unix(int64(t), 0).UTC().Format(time.RFC3339))
	}
	field("path", "%s", v.AppendURI(nil))
	field("key", "%d", v.Key)
	field("depth", "%d", v.Claims.Depth)
	field("expires", "%s", instant(v.Claims.Expiry))
	if v.Claims.NotBefore != 0 {
		field("not before", "%s", instant(v.Claims.NotBefore))
	}
	if v.Claims.IP.IsValid() {
		field("ip", "%s", v.Claims.IP)
	}
	if v.Claims.HasSession {
		field("session", "%x", v.Claims.Session)
	}
	if v.Claims.RenewableUntil|v.Claims.TTL != 0 {
		field("renewable", "until %s", instant(v.Claims.RenewableUntil))
		field("ttl", "%d s", v.Claims.TTL)
	}
	return b.String()
}
