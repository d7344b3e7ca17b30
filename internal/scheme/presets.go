package scheme

import (
	"maps"
	"slices"
)

// preset is what a CDN hashes, where the hash goes, and how it is written.
type preset struct{ expression, template, digest string }

// presets are those of secure-link. Where the secret comes first (leaseweb, alibaba, tencent) or a
// time comes last (keycdn, tencent), that is what the CDN verifies, and MD5's hash can be extended
// by whoever finds a use for it: prefer another scheme where the CDN has one.
var presets = map[string]preset{
	// nginx.org/en/docs/http/ngx_http_secure_link_module.html
	"nginx": {"$expires$uri$ip $secret", "?md5=$token&expires=$expires", "base64url"},
	// gcore.com/docs/cdn, "Secure token"
	"gcore": {"$expires$uri$ip $secret", "?md5=$token&expires=$expires", "base64url"},
	// www.keycdn.com/support/secure-token
	"keycdn": {"$wire$secret$expires", "?token=$token&expire=$expires", "base64url"},
	// client.cdn77.com, "Secure token"
	"cdn77": {"$expires$uri$secret", "?secure=$token,$expires", "base64url-padded"},
	// cdnsun.com/knowledgebase, "URL signing"
	"cdnsun": {"$expires$uri$secret$ip", "?secure=$token&expires=$expires", "base64url"},
	// kb.leaseweb.com, "Secure token"
	"leaseweb": {"$secret$ip$uri$expires", "?st=$token&e=$expires", "base64url"},
	// www.alibabacloud.com/help/en/cdn, "Configure URL signing", types A, B and C
	"alibaba-a":  {"$wire-$issued-$rand-0-$secret", "?auth_key=$issued-$rand-0-$token", "hex"},
	"alibaba-b":  {"$secret$issued_utc8$wire", "$base/$issued_utc8/$token$wire", "hex"},
	"alibaba-c1": {"$secret$wire$issued_HEX", "$base/$token/$issued_HEX$wire", "hex"},
	"alibaba-c2": {"$secret$wire$issued_HEX", "?KEY1=$token&KEY2=$issued_HEX", "hex"},
	// www.tencentcloud.com/document/product/228, "Authentication configuration", types A to D
	"tencent-a": {"$wire-$issued-$rand-0-$secret", "?sign=$issued-$rand-0-$token", "hex"},
	"tencent-b": {"$secret$issued_utc8$wire", "$base/$issued_utc8/$token$wire", "hex"},
	"tencent-c": {"$secret$wire$issued_hex", "$base/$token/$issued_hex$wire", "hex"},
	"tencent-d": {"$secret$wire$issued", "?sign=$token&t=$issued", "hex"},
	// The tokens of the service that this one replaces. They never end.
	"baseline": {"$wire?secret=$secret", "?token=$token", "hex"},
}

func presetNames() []string { return slices.Sorted(maps.Keys(presets)) }
