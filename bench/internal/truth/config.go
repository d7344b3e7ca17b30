package truth

import (
	"fmt"
	"os"
	"time"

	"github.com/goccy/go-yaml"

	"videotoken/token"
)

// Config is the part of the service's configuration that a verifier needs.
type Config struct {
	TTL  time.Duration // of a token, including the rounding
	CDNs []CDN
}

// CDN is a URL that a source may point to, with the keys that may have signed it.
type CDN struct {
	URL  string
	Keys token.Keys
}

// ReadConfig reads the parts of a configuration file of the service that a verifier needs. Secrets
// must be inline.
func ReadConfig(name string) (*Config, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var file struct {
		Token struct{ TTL, Round string }
		CDNs  []struct {
			URL  string
			Keys []struct {
				ID     uint16
				Secret string
			}
		} `yaml:"cdns"`
	}
	if err := yaml.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	ttl, err := time.ParseDuration(file.Token.TTL)
	if err != nil {
		return nil, fmt.Errorf("%s: token.ttl: %w", name, err)
	}
	round, err := time.ParseDuration(file.Token.Round)
	if err != nil {
		return nil, fmt.Errorf("%s: token.round: %w", name, err)
	}
	c := &Config{TTL: ttl + round}
	for _, f := range file.CDNs {
		cdn := CDN{URL: f.URL}
		for _, k := range f.Keys {
			secret, err := token.ParseSecret(k.Secret)
			if err != nil {
				return nil, fmt.Errorf("%s: the secret of key %d must be inline: %w", name, k.ID,
					err)
			}
			key, err := token.NewKey(k.ID, secret)
			if err != nil {
				return nil, fmt.Errorf("%s: key %d: %w", name, k.ID, err)
			}
			cdn.Keys = append(cdn.Keys, key)
		}
		c.CDNs = append(c.CDNs, cdn)
	}
	if len(c.CDNs) == 0 {
		return nil, fmt.Errorf("%s: no cdns: there is nothing to verify against", name)
	}
	for _, cdn := range c.CDNs {
		if len(cdn.URL) != len(c.CDNs[0].URL) {
			return nil, fmt.Errorf("%s: %s and %s differ in length: a load's responses must all "+
				"be of one length",
				name, cdn.URL, c.CDNs[0].URL)
		}
	}
	return c, nil
}
