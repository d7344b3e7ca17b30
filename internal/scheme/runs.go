package scheme

import (
	"bytes"
	"errors"
	"strings"
)

// What a CDN hashes in a row, without text between, can be cut in another place: "/s/1" and
// "1790000000" is "/s/" and "11790000000". The functions here find what could run together so.

func isDecimal(c byte) bool { return '0' <= c && c <= '9' }
func isHexDigit(c byte) bool {
	return isDecimal(c) || 'a' <= c|0x20 && c|0x20 <= 'f'
}

// isAddressPart reports whether an address has such a character. IPv6 addresses have letters.
func isAddressPart(c byte) bool { return isHexDigit(c) || c == ':' || c == '.' }

// characters returns which characters the value of a time or an address may have, nil for other
// variables.
func (v variable) characters() func(byte) bool {
	switch {
	case v == varIP:
		return isAddressPart
	case v.isHex():
		return isHexDigit
	case v.isTime():
		return isDecimal
	}
	return nil
}

// runsInto reports whether a path that is followed by characters of a kind could be another path
// followed by more of them: it ends in one, and not in an extension with another character.
func runsInto(path []byte, is func(byte) bool) bool {
	if len(path) == 0 || !is(path[len(path)-1]) {
		return false
	}
	segment := path[bytes.LastIndexByte(path, '/')+1:]
	dot := bytes.LastIndexByte(segment, '.')
	if dot < 0 || dot == len(segment)-1 {
		return true
	}
	for _, c := range segment[dot+1:] {
		if !is(c) {
			return false
		}
	}
	return true
}

// check refuses an expression and a template that sign nothing, sign too little, or can be read in
// two ways. Own says that they are the operator's and no preset.
func (l *secureLinkSigner) check(own, unlimited bool) error {
	if err := l.checkExpression(own, unlimited); err != nil {
		return err
	}
	if err := l.checkTemplate(); err != nil {
		return err
	}
	if l.validity == 0 && (l.hasIssued || l.template.has(variable.isIssued)) {
		return errors.New("validity: is missing: the lifetime that the CDN adds to the " +
			"time of issue")
	}
	return l.checkSecret()
}

func (l *secureLinkSigner) checkExpression(own, unlimited bool) error {
	last := l.expression[len(l.expression)-1]
	switch {
	case !l.expression.hasOne(varSecret):
		return errors.New("expression: has no $secret, so that anybody can sign")
	case !l.expression.has(variable.isPath):
		return errors.New("expression: has no $uri, $wire or $dir, so that one URL opens " +
			"every file")
	case l.expression.hasOne(varToken) || l.expression.hasOne(varBase):
		return errors.New("expression: $token and $base stand in templates alone")
	case own && last.variable != 0 && last.variable != varSecret:
		return errors.New("expression: must end in $secret or in fixed text, so that a hash " +
			"cannot be extended")
	case !l.expression.has(variable.isTime) && !unlimited:
		return errors.New("expression: has no time, so that URLs never end: add unlimited: true " +
			"if that is meant")
	}
	var err error
	for i, p := range l.expression {
		if i == 0 {
			continue
		}
		if before := l.expression[i-1]; runTogether(before.variable, p.variable) {
			err = errors.New("expression: $" + before.variable.name() + " and $" +
				p.variable.name() + " stand side by side, and run together: put fixed text " +
				"between them")
		}
		if p.variable == varQuery && !l.isAfterPath(i) {
			err = errors.New(`expression: $query must stand after $secret, or after $wire and fixed text that starts with "?", so that no path runs into it`)
		}
	}
	return err
}

// runTogether reports whether one value can give a part of itself to its neighbour. A path begins
// with "/", which no time and no address has; that a path runs into a time or an address is
// refused for each URL; nobody can give away a part of the secret without knowing it.
func runTogether(a, b variable) bool {
	switch {
	case a == 0 || b == 0 || a == varSecret || b == varSecret:
		return false
	case b.isPath():
		return a.isPath() || a == varQuery
	case a.isPath():
		return b.characters() == nil
	}
	return true
}

// isAfterPath reports whether what stands before the query at index i ends where the query begins,
// whatever is in it.
func (l *secureLinkSigner) isAfterPath(i int) bool {
	before := l.expression[i-1]
	if before.variable == varSecret {
		return true
	}
	return before.variable == 0 && strings.HasPrefix(before.text, "?") && i > 1 &&
		l.expression[i-2].variable == varWire
}

func (l *secureLinkSigner) checkTemplate() error {
	inPath := l.template[0].variable == varBase
	count := map[variable]int{}
	for _, p := range l.template {
		count[p.variable]++
		if p.variable == 0 && !isTemplateText(p.text) {
			return errors.New("template: has text with a character that a URL cannot have as it is")
		}
	}
	switch {
	case count[varToken] != 1:
		return errors.New("template: needs $token once")
	case count[varSecret] > 0:
		return errors.New("template: must not have $secret")
	case count[varURI]+count[varDir]+count[varQuery]+count[varIP] > 0:
		return errors.New("template: $uri, $dir, $query and $ip stand in expressions alone: the " +
			"URL has them already")
	case inPath && (count[varWire] != 1 || count[varBase] != 1 ||
		l.template[len(l.template)-1].variable != varWire):
		return errors.New("template: must end in $wire, the path, if it starts with $base: a " +
			"source's query follows it")
	case !inPath &&
		(!strings.HasPrefix(l.template[0].text, "?") || count[varWire]+count[varBase] > 0):
		return errors.New(
			`template: must start with "$base", or with "?" for what is added to the URL`)
	case l.expression.has(variable.isTime) && !l.template.has(variable.isTime):
		return errors.New("template: has no time, which the CDN needs for the expression")
	case l.hasRand && count[varRand] == 0:
		return errors.New("template: has no $rand, which the CDN needs for the expression")
	case l.expression.has(variable.isIssued) != l.template.has(variable.isIssued):
		return errors.New("template: must have the same time as the expression: $expires " +
			"or $issued")
	}
	return nil
}

// isTemplateText reports whether text has only characters that URLs have in paths and queries.
func isTemplateText(text string) bool {
	for _, c := range []byte(text) {
		if !component[c] && strings.IndexByte("/?&=,:;@$+", c) < 0 || c == '\'' {
			return false
		}
	}
	return true
}

// checkSecret refuses a secret that runs into a time or an address.
func (l *secureLinkSigner) checkSecret() (err error) {
	l.expression.meets(func(a, b part) {
		first, last := l.secret[0], l.secret[len(l.secret)-1]
		if b.variable == varSecret && a.variable.isDigit(first) ||
			a.variable == varSecret && b.variable.isDigit(last) {
			err = errors.New("the secret begins or ends in a digit beside a time or an address, " +
				"with which it runs together: choose another secret")
		}
	})
	return err
}

// isDigit reports whether a character is a digit of a time's or an address's.
func (v variable) isDigit(c byte) bool {
	return v.isHex() && isHexDigit(c) || (v.isTime() || v == varIP) && isDecimal(c)
}
