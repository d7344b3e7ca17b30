package scheme

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// part is a part of an expression or a template: a variable, or fixed text.
type part struct {
	variable variable // 0 for fixed text
	text     string
}

// variable is a variable of an expression or a template.
type variable int

const (
	varExpires variable = iota + 1
	varExpiresHex
	varExpiresHEX
	varExpiresUTC8
	varIssued
	varIssuedHex
	varIssuedHEX
	varIssuedUTC8
	varURI
	varWire
	varQuery
	varDir
	varIP
	varSecret
	varRand
	varToken
	varBase
)

var variables = map[string]variable{
	"expires": varExpires, "expires_hex": varExpiresHex, "expires_HEX": varExpiresHEX,
	"expires_utc8": varExpiresUTC8,
	"issued":       varIssued, "issued_hex": varIssuedHex, "issued_HEX": varIssuedHEX,
	"issued_utc8": varIssuedUTC8,
	"uri":         varURI, "wire": varWire, "query": varQuery, "dir": varDir, "ip": varIP,
	"secret": varSecret,
	"rand":   varRand, "token": varToken, "base": varBase,
}

func (v variable) isTime() bool   { return varExpires <= v && v <= varIssuedUTC8 }
func (v variable) isPath() bool   { return v == varURI || v == varWire || v == varDir }
func (v variable) isIssued() bool { return varIssued <= v && v <= varIssuedUTC8 }
func (v variable) isHex() bool {
	return v == varExpiresHex || v == varExpiresHEX || v == varIssuedHex || v == varIssuedHEX
}

// name returns the name of a variable.
func (v variable) name() string {
	for name, one := range variables {
		if one == v {
			return name
		}
	}
	return ""
}

// parts are an expression or a template.
type parts []part

// parse reads text with variables such as "$expires". A "$" always starts one, with the longest
// name that there is.
func parse(text string) (list parts, err error) {
	for text != "" {
		fixed, rest, found := strings.Cut(text, "$")
		if fixed != "" {
			list = append(list, part{text: fixed})
		}
		if !found {
			break
		}
		end := 0
		for end < len(rest) && (rest[end] == '_' ||
			'a' <= rest[end]|0x20 && rest[end]|0x20 <= 'z' ||
			'0' <= rest[end] && rest[end] <= '9') {
			end++
		}
		name := ""
		for n := end; n > 0 && name == ""; n-- {
			if variables[rest[:n]] != 0 {
				name = rest[:n]
			}
		}
		if name == "" {
			return nil, fmt.Errorf("$%s is no variable", rest[:end])
		}
		list = append(list, part{variable: variables[name]})
		text = rest[len(name):]
	}
	return list, nil
}

func (p parts) has(match func(variable) bool) bool {
	return slices.ContainsFunc(p, func(one part) bool {
		return one.variable != 0 && match(one.variable)
	})
}

func (p parts) hasOne(v variable) bool { return p.has(func(o variable) bool { return o == v }) }

// meets calls f with each pair of neighbours.
func (p parts) meets(f func(a, b part)) {
	for i := 1; i < len(p); i++ {
		f(p[i-1], p[i])
	}
}

// utc8 is how times at UTC+8 are written.
const utc8 = "200601021504"

// readTime reads what appendTime writes. A time at UTC+8 is rounded down to a minute.
func readTime(v variable, text string) (at int64, err error) {
	switch {
	case v == varExpiresUTC8 || v == varIssuedUTC8:
		t, err := time.Parse(utc8, text)
		return t.Unix() - 8*3600, err
	case v.isHex():
		return strconv.ParseInt(text, 16, 64)
	}
	return strconv.ParseInt(text, 10, 64)
}

// pattern returns an expression that the URLs of a template match. What a variable stands for is in
// the group of its name. Of a template that starts with "?", the group added has the whole, path
// what stands before the query, before and after the other parameters.
func (p parts) pattern() *regexp.Regexp {
	var b strings.Builder
	for i, one := range p {
		switch v := one.variable; {
		case v == 0 && i == 0:
			b.WriteString(regexp.QuoteMeta(strings.TrimPrefix(one.text, "?")))
		case v == 0:
			b.WriteString(regexp.QuoteMeta(one.text))
		case v == varWire:
			b.WriteString("(?P<wire>/.*)")
		case v == varToken:
			b.WriteString("(?P<token>[A-Za-z0-9_=-]*)")
		case v == varBase:
		case strings.Contains(b.String(), "<"+v.name()+">"): // once more
			b.WriteString("[A-Za-z0-9]*")
		default:
			fmt.Fprintf(&b, "(?P<%s>[A-Za-z0-9]*)", v.name())
		}
	}
	text := b.String()
	if p[0].variable != varBase {
		text = `(?P<path>[^?]*)\?(?:(?P<before>.*)&)?(?P<added>` + text + `)(?:&(?P<after>.*))?`
	}
	return regexp.MustCompile("(?s)^" + text + "$")
}

// appendTime appends a time, in Unix seconds, in the form of a variable.
func appendTime(dst []byte, v variable, at int64) []byte {
	switch v {
	case varExpiresHex, varIssuedHex:
		return strconv.AppendInt(dst, at, 16)
	case varExpiresHEX, varIssuedHEX:
		start := len(dst)
		dst = strconv.AppendInt(dst, at, 16)
		for i := start; i < len(dst); i++ {
			if 'a' <= dst[i] {
				dst[i] -= 'a' - 'A'
			}
		}
		return dst
	case varExpiresUTC8, varIssuedUTC8:
		return time.Unix(at+8*3600, 0).UTC().AppendFormat(dst, utc8)
	default:
		return strconv.AppendInt(dst, at, 10)
	}
}
