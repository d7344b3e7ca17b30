package config

import (
	"runtime"
	"strings"
	"testing"
)

// hostile are the forms of YAML that cost complete parsers more than their size, each as long as a
// file may be.
func hostile() map[string]string {
	fill := func(s string) string { return strings.Repeat(s, maxSize/len(s)) }
	around := func(before, s, after string) string {
		return before + strings.Repeat(s, (maxSize-len(before)-len(after))/len(s)) + after
	}
	steps := strings.Repeat(" ", maxSize/512) + "a:\n"
	return map[string]string{
		"brackets":            fill("["),
		"braces":              fill("{a: "),
		"brackets and names":  fill("[a: "),
		"dashes":              fill("- "),
		"names on a line":     fill("a: "),
		"staircase":           staircase(700),
		"deep lines":          around("", steps, ""),
		"question marks":      fill("? "),
		"anchor":              around("a: &", "a", ""),
		"anchors":             fill("&a "),
		"alias":               around("a: *", "a", ""),
		"aliases":             around("a: &a a\nb: [", "*a, ", "]"),
		"tag":                 around("a: !", "a", ""),
		"merge keys":          fill("<<: a\n"),
		"documents":           fill("---\n"),
		"document ends":       fill("...\n"),
		"directives":          fill("%a\n"),
		"block scalar":        around("a: |\n", "\n", ""),
		"folded scalar":       around("a: >\n", "  b\n", ""),
		"names":               fill("a: b\n"),
		"names without value": fill("a:\n"),
		"unknown names":       fill("(: b\n"),
		"list":                around("trusted_proxies:\n", "- a\n", ""),
		"addresses":           around("trusted_proxies: [", "'::', ", "]"),
		"origins":             around("cors: {credentials: true, origins: [", "'*', ", "]}"),
		"CDNs":                around("cdns: [", "{}, ", "]"),
		"keys":                around("cdns: [{keys: [", "{}, ", "]}]"),
		"flow list":           around("a: [", "a,", "]"),
		"flow mapping":        around("a: {", "a: b,", "}"),
		"empty lists":         around("a: [", "[],", "]"),
		"text":                around("a: ", "b", ""),
		"words":               around("a: ", "b ", "b"),
		"quoted":              around("a: '", "''", "'"),
		"escapes":             around("a: \"", `\n`, "\""),
		"quoted lines":        around("a: \"", "b\n", "\""),
		"text lines":          around("a: b\n", "  c\n", ""),
		"blanks":              fill(" "),
		"blanks after text":   around("a: b", " ", "#"),
		"lines":               fill("\n"),
		"comments":            fill("# a\n"),
		"comments in a list":  around("a: [", "#a\n", "]"),
		"colons":              fill(":"),
		"commas":              around("[", ",", "]"),
		"not UTF-8":           around("a: ", "é", "\xff"),
	}
}

// TestCost: no file allocates more than a constant for each of its bytes, and none of those above
// is a configuration. BenchmarkCost has their times.
func TestCost(t *testing.T) {
	const most = 1024 // bytes allocated for each byte of the file
	for name, yaml := range hostile() {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		c, err := Parse("videotoken.yaml", []byte(yaml))
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: accepted as %+v", name, c)
		} else if len(err.Error()) > 64<<10 {
			t.Errorf("%s: a report of %d bytes", name, len(err.Error()))
		}
		if each := float64(after.TotalAlloc-before.TotalAlloc) / float64(len(yaml)); each > most {
			t.Errorf("%s: %.1f bytes are allocated for each byte, over %d", name, each, most)
		}
	}
}

func BenchmarkCost(b *testing.B) {
	for name, yaml := range hostile() {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(yaml)))
			for b.Loop() {
				_, _ = Parse("videotoken.yaml", []byte(yaml))
			}
		})
	}
}
