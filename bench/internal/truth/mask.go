package truth

import "regexp"

var changing = []struct {
	pattern *regexp.Regexp
	mask    string
}{
	{regexp.MustCompile(`token=[A-Za-z0-9_-]{32}`), "token=<TOKEN>"},
	{regexp.MustCompile(`(?m)^(Date: ).*$`), "${1}<DATE>\r"},
	{regexp.MustCompile(`max-age=[0-9]+`), "max-age=<SECONDS>"},
	{regexp.MustCompile(`d[0-9]+\.cdn\.example`), "<CDN>"},
}

// Mask replaces the parts of a response that change with time and balance, so that the rest can be
// compared.
func Mask(response []byte) []byte {
	for _, c := range changing {
		response = c.pattern.ReplaceAll(response, []byte(c.mask))
	}
	return response
}
