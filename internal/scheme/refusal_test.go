package scheme

import (
	"strings"
	"testing"
)

func TestNewRefuses(t *testing.T) {
	custom := func(expression, template string) map[string]string {
		return map[string]string{"expression": expression, "template": template}
	}
	for _, c := range []struct {
		scheme  *Scheme
		secret  string
		options map[string]string
		says    string
	}{
		{akamai, "short", map[string]string{"parameter": "hdnea"}, "16 at least"},
		{akamai, "0123456789abcdef", map[string]string{"parameter": "a=b"}, "the parameter must be"},
		{cat, "short", map[string]string{"parameter": "x"}, "16 at least"},
		{secureLink, "s", map[string]string{}, "needs a preset"},
		{secureLink, "s", map[string]string{"preset": "nginx", "digest": "hex"}, "of its own"},
		{secureLink, "s", map[string]string{"preset": "baseline"}, "unlimited: true"},
		{secureLink, "s", map[string]string{"preset": "alibaba-a"}, "validity: is missing"},
		{secureLink, "s1", map[string]string{"preset": "alibaba-b", "validity": "60"},
			"the secret begins or ends in a digit"},
		{secureLink, "sa", map[string]string{"preset": "alibaba-b", "validity": "60"}, ""},
		{secureLink, "1s", map[string]string{"preset": "keycdn"}, ""},
		{secureLink, "s1", map[string]string{"preset": "keycdn"}, "the secret begins or ends in a digit"},
		{secureLink, "s", custom("$expires$uri", "?t=$token"), "no $secret"},
		{secureLink, "s", custom("$expires$secret", "?t=$token"), "no $uri"},
		{secureLink, "s", custom("$secret$uri$expires", "?t=$token&e=$expires"), "must end in $secret"},
		{secureLink, "s", custom("$expires$uri$secret", "?t=$expires"), "needs $token"},
		{secureLink, "s", custom("$expires$uri$secret", "?t=$token$secret"), "must not have $secret"},
		{secureLink, "s", custom("$expires$uri$secret", "$base/$token/"), "must end in $wire"},
		{secureLink, "s", custom("$expires$uri$secret", "/$token$wire"), "must start with"},
		{secureLink, "s", custom("$expires$path$secret", "?t=$token"), "$path is no variable"},
		{secureLink, "s", custom("$uri?$query $expires$secret", "?t=$token&e=$expires"),
			"$query must stand after"},
		{secureLink, "s", custom("$wire?$query $expires$secret", "?t=$token&e=$expires"), ""},
		{secureLink, "s", custom("$expires$ip$secret$uri ", "?t=$token&e=$expires"),
			"$expires and $ip stand side by side"},
		{secureLink, "s", custom("$uri$wire$expires$secret", "?t=$token&e=$expires"),
			"$uri and $wire stand side by side"},
		{secureLink, "s", custom("$rand$expires$uri$secret", "?t=$token&e=$expires&r=$rand"),
			"$rand and $expires stand side by side"},
		{secureLink, "s", custom("$rand-$expires$uri$secret", "?t=$token&e=$expires"),
			"template: has no $rand"},
		{secureLink, "s", custom("$expires$uri$secret", "?t=$token"), "template: has no time"},
		{secureLink, "s", map[string]string{"expression": "$issued$uri$secret",
			"template": "?t=$token&e=$expires", "validity": "60"}, "the same time as the expression"},
		{secureLink, "s", custom("$expires$uri$secret", "?t=$token&e=$expires#x"),
			"a character that a URL cannot have"},
		{secureLink, "s", custom("$expires$uri$secret", "?t=$token&e=$expires&t=$token"),
			"needs $token once"},
		{secureLink, "s", custom("$expires$uri$secret", "?t=$token&e=$expires&u=$uri"),
			"stand in expressions alone"},
		{secureLink, "s", custom("$expires$dir$secret", "$base$wire/$token/$expires"),
			"must end in $wire"},
		{secureLink, "7s", map[string]string{"preset": "cdnsun"}, ""},
		{secureLink, "s7", map[string]string{"preset": "cdnsun"}, "the secret begins or ends in a digit"},
		{secureLink, "s", custom("$uri$query$expires$secret", "?t=$token"), "stand side by side"},
	} {
		_, err := c.scheme.New(&CDN{URL: "https://a.example",
			Keys: []Key{{ID: "1", Secret: []byte(c.secret)}}, Options: c.options})
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s %v: %v, want %q", c.scheme.Name, c.options, err, c.says)
		}
	}
}

func TestReserved(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"akamai", "__token__"}, {"secure-link/nginx", "md5"}, {"secure-link/alibaba-c2", "key2"},
		{"secure-link/cdn77", "secure"}, {"bunny", "token_path"}, {"google-cloud-cdn", "urlprefix"},
		{"cat", "cta-common-access-token"},
	} {
		o := own[c.name]
		if got := strings.Join(o.scheme.Reserved(o.options), " "); !strings.Contains(" "+got+" ",
			" "+c.want+" ") {
			t.Errorf("%s reserves %s, want %s", c.name, got, c.want)
		}
	}
}
