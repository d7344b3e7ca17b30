package e2e

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"
)

// catOpens verifies a Common Access Token (CTA-5007): a CWT (RFC 8392) in a COSE_Mac0 (RFC 9052) of
// the key k1, whose claim catu has the host and the beginning of the path.
func catOpens(secret []byte, target string, cookies map[string]string) bool {
	text, err := base64.RawURLEncoding.Strict().DecodeString(cookies["CTA-Common-Access-Token"])
	if err != nil {
		return false
	}
	item, rest, err := readCBOR(text)
	cwt, isCWT := item.(tagged)
	mac0, isMAC0 := cwt.item.(tagged)
	parts, _ := mac0.item.([]any)
	if err != nil || len(rest) > 0 || !isCWT || cwt.tag != 61 || !isMAC0 || mac0.tag != 17 ||
		len(parts) != 4 {
		return false
	}
	protected, _ := parts[0].([]byte)
	unprotected, _ := parts[1].(map[uint64]any)
	payload, _ := parts[2].([]byte)
	mac, _ := parts[3].([]byte)
	kid, _ := unprotected[4].([]byte)
	h := hmac.New(sha256.New, secret)
	h.Write([]byte("\x84\x64MAC0")) // an array of four, of which the first is a text
	h.Write(appendBytes(nil, protected))
	h.Write(appendBytes(nil, nil))
	h.Write(appendBytes(nil, payload))
	if !hmac.Equal(mac, h.Sum(nil)) || !bytes.Equal(protected, []byte{0xa1, 1, 5}) ||
		string(kid) != "k1" {
		return false // the protected header is {1: 5}: HMAC-SHA256
	}
	item, rest, err = readCBOR(payload)
	claims, _ := item.(map[uint64]any)
	const exp, catv, catu, host, path, exact, prefix = 4, 310, 312, 1, 3, uint64(0), uint64(1)
	expiry, _ := claims[exp].(uint64)
	uri, _ := claims[catu].(map[uint64]any)
	hosts, _ := uri[host].(map[uint64]any)
	paths, _ := uri[path].(map[uint64]any)
	directory, isPrefix := paths[prefix].(string)
	u, bad := url.Parse(target)
	return err == nil && len(rest) == 0 && bad == nil && claims[catv] == uint64(1) &&
		int64(expiry) > time.Now().Unix() && hosts[exact] == u.Hostname() && len(uri) == 2 &&
		isPrefix && strings.HasSuffix(directory, "/") && strings.HasPrefix(u.EscapedPath(), directory)
}

// tagged is an item of CBOR with a tag.
type tagged struct {
	tag  uint64
	item any
}

var errCBOR = errors.New("not CBOR as a token has it")

// readCBOR reads an item of CBOR (RFC 8949, section 3) at the beginning of b: an unsigned integer,
// a string, an array, a map whose keys are unsigned integers, or a tag. It returns what follows.
func readCBOR(b []byte) (item any, rest []byte, err error) {
	if len(b) == 0 {
		return nil, nil, errCBOR
	}
	major, n := b[0]>>5, uint64(b[0]&31)
	b = b[1:]
	if n >= 24 { // the number is in the next 1, 2, 4 or 8 bytes
		size := 1 << (n - 24)
		if n > 27 || len(b) < size {
			return nil, nil, errCBOR
		}
		n = 0
		for _, digit := range b[:size] {
			n = n<<8 | uint64(digit)
		}
		b = b[size:]
	}
	if major >= 2 && major <= 5 && n > uint64(len(b)) {
		return nil, nil, errCBOR
	}
	switch major {
	case 0:
		return n, b, nil
	case 2:
		return b[:n], b[n:], nil
	case 3:
		return string(b[:n]), b[n:], nil
	case 4:
		items := make([]any, n)
		for i := range items {
			if items[i], b, err = readCBOR(b); err != nil {
				return nil, nil, err
			}
		}
		return items, b, nil
	case 5:
		items := map[uint64]any{}
		for range n {
			var key any
			if key, b, err = readCBOR(b); err != nil {
				return nil, nil, err
			}
			number, ok := key.(uint64)
			if !ok {
				return nil, nil, errCBOR
			}
			if items[number], b, err = readCBOR(b); err != nil {
				return nil, nil, err
			}
		}
		return items, b, nil
	case 6:
		item, b, err = readCBOR(b)
		return tagged{n, item}, b, err
	}
	return nil, nil, errCBOR
}

// appendBytes appends a string of bytes in CBOR.
func appendBytes(dst, b []byte) []byte {
	switch n := len(b); {
	case n < 24:
		dst = append(dst, 0x40|byte(n))
	case n < 1<<8:
		dst = append(dst, 0x58, byte(n))
	default:
		dst = append(dst, 0x59, byte(n>>8), byte(n))
	}
	return append(dst, b...)
}
