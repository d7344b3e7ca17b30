package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Duration formats a duration in a readable unit, with three significant digits.
func Duration(d time.Duration) string {
	switch ns := float64(d); {
	case d == 0:
		return "0"
	case d < time.Microsecond:
		return fmt.Sprintf("%d ns", d)
	case ns < 999.5e3:
		return digits(ns/1e3) + " µs"
	case ns < 999.5e6:
		return digits(ns/1e6) + " ms"
	default:
		return digits(ns/1e9) + " s"
	}
}

// Bytes formats a number of bytes in decimal units, as autocannon does.
func Bytes(n float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, " GB"}, {1e6, " MB"}, {1e3, " kB"}} {
		if n >= u.size {
			return digits(n/u.size) + u.name
		}
	}
	return digits(n) + " B"
}

// Count formats a number of requests, or of requests a second.
func Count(n float64) string {
	if n >= 1000 || n == math.Trunc(n) {
		return strconv.FormatFloat(n, 'f', 0, 64)
	}
	return digits(n)
}

// grouped formats a whole number with commas between groups of three digits.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Ratio formats the ratio of a figure to its base; below a tenth as a fraction.
func Ratio(figure, base float64) string {
	switch {
	case base == 0:
		return ""
	case figure > 0 && figure < base/10:
		return "1/" + digits(base/figure)
	}
	return digits(figure/base) + "x"
}

// digits formats a number with three significant digits and without an exponent.
func digits(v float64) string {
	if v == 0 {
		return "0"
	}
	// after rounding: 999.6 has four digits
	_, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 2, 64), "e")
	e, _ := strconv.Atoi(exponent)
	decimals := max(0, 2-e)
	return strconv.FormatFloat(v, 'f', min(decimals, 6), 64)
}
