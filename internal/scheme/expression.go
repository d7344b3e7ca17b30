package scheme

import (
	"fmt"
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
	"expires": varExpires, "expires_hex": varExpiresHex, "expires_HEX": varExpiresHEX, "expires_utc8": varExpiresUTC8,
	"issued": varIssued, "issued_hex": varIssuedHex, "issued_HEX": varIssuedHEX, "issued_utc8": varIssuedUTC8,
	"uri": varURI, "wire": varWire, "query": varQuery, "dir": varDir, "ip": varIP, "secret": varSecret,
	"rand": varRand, "token": varToken, "base": varBase,
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

// parse reads text with variables such as "$expires". A "$" always starts one, with the longest name
// that there is.
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
		for end < len(rest) && (rest[end] == '_' || 'a' <= rest[end]|0x20 && rest[end]|0x20 <= 'z' || '0' <= rest[end] && rest[end] <= '9') {
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
	return slices.ContainsFunc(p, func(one part) bool { return one.variable != 0 && match(one.variable) })
}

func (p parts) hasOne(v variable) bool { return p.has(func(o variable) bool { return o == v }) }

// meets calls f with each pair of neighbours.
func (p parts) meets(f func(a, b part)) {
	for i := 1; i < len(p); i++ {
		f(p[i-1], p[i])
	}
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
		return time.Unix(at+8*3600, 0).UTC().AppendFormat(dst, "200601021504")
	default:
		return strconv.AppendInt(dst, at, 10)
	}
}
