package config

import (
	"fmt"
	"io"

	"videotoken/internal/cdn"
	"videotoken/internal/scheme"
	"videotoken/token"
)

// Demo returns a configuration to try the service with: three example CDNs with equal weights, each
// with a key of its own that is read from random. It ends at once when it is told to, for nobody
// moves away from it first.
func Demo(random io.Reader) (*Config, error) {
	c := defaults()
	c.Drain = 0
	c.Signatures = scheme.NewSignatures(c.SignatureCache)
	var cdns []cdn.CDN
	for id := range uint16(3) {
		secret := make([]byte, token.SecretSize)
		if _, err := io.ReadFull(random, secret); err != nil {
			return nil, fmt.Errorf("a random key: %w", err)
		}
		key, err := token.NewKey(id+1, secret)
		if err != nil {
			return nil, err
		}
		name := fmt.Sprintf("cdn-%d", id+1)
		cdns = append(cdns, cdn.CDN{Name: name, URL: "https://" + name + ".example", Weight: 1,
			Keys: token.Keys{key}})
	}
	var err error
	c.CDNs, err = cdn.New(cdn.RoundRobin, cdns)
	return c, err
}
