package scheme

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"

	"videotoken/token"
)

// isCanned reports whether CloudFront can rebuild the policy of the claims from the URL.
func isCanned(c *token.Claims) bool {
	return c.Depth == 0 && c.NotBefore == 0 && !c.IP.IsValid()
}

// appendPolicy appends the policy of a resource, without white space, as the canned one must be. A
// URL as it goes over the wire has no byte that JSON escapes.
func appendPolicy(dst, resource []byte, c *token.Claims) []byte {
	dst = append(append(dst, `{"Statement":[{"Resource":"`...), resource...)
	if c.Depth > 0 {
		dst = append(dst, '*')
	}
	dst = append(dst, `","Condition":{"DateLessThan":{"AWS:EpochTime":`...)
	dst = append(strconv.AppendUint(dst, uint64(c.Expiry), 10), '}')
	if c.NotBefore != 0 {
		dst = append(dst, `,"DateGreaterThan":{"AWS:EpochTime":`...)
		dst = append(strconv.AppendUint(dst, uint64(c.NotBefore), 10), '}')
	}
	if c.IP.IsValid() {
		dst = append(dst, `,"IpAddress":{"AWS:SourceIp":"`...)
		dst = append(c.IP.Masked().AppendTo(dst), `"}`...)
	}
	return append(dst, "}}]}"...)
}

// appendCloudFront appends base64 with padding in which CloudFront's letters stand for those that a
// URL has for other things.
func appendCloudFront(dst, b []byte) []byte {
	start := len(dst)
	dst = base64.StdEncoding.AppendEncode(dst, b)
	for i, c := range dst[start:] {
		switch c {
		case '+':
			dst[start+i] = '-'
		case '=':
			dst[start+i] = '_'
		case '/':
			dst[start+i] = '~'
		}
	}
	return dst
}

// readPolicy reads a custom policy of a resource that an origin has.
func (r *Reading) readPolicy(text, origin string) error {
	type instant struct {
		Seconds uint32 `json:"AWS:EpochTime"`
	}
	var policy struct {
		Statement []struct {
			Resource  string
			Condition struct {
				DateLessThan, DateGreaterThan instant
				IpAddress                     struct {
					Source netip.Prefix `json:"AWS:SourceIp"`
				}
			}
		}
	}
	decoded, err := decodeCloudFront(text)
	if err != nil || json.Unmarshal(decoded, &policy) != nil || len(policy.Statement) != 1 {
		return token.ErrMalformed
	}
	s := policy.Statement[0]
	c := &r.Claims
	c.Expiry, c.NotBefore, c.IP = s.Condition.DateLessThan.Seconds,
		s.Condition.DateGreaterThan.Seconds, s.Condition.IpAddress.Source
	isKnown := r.open(strings.TrimPrefix(s.Resource, origin)) // one of another host covers nothing
	signed := *c
	if r.IsDirectory {
		signed.Depth = 1 // any: the policy has a "*"
	}
	again := appendPolicy(nil, []byte(strings.TrimSuffix(s.Resource, "*")), &signed)
	if !isKnown || !bytes.Equal(again, decoded) {
		return ErrUnlike
	}
	return nil
}

// decodeCloudFront reads what appendCloudFront writes.
func decodeCloudFront(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "=", "~", "/").Replace(text)
	return base64.StdEncoding.Strict().DecodeString(text)
}
