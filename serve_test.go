package main

import (
	"testing"

	"videotoken/internal/config"
	"videotoken/internal/server"
)

// TestClientAddresses: the server knows each header that a configuration may name, and no other.
func TestClientAddresses(t *testing.T) {
	known := map[server.ClientAddress]string{}
	for _, name := range config.ClientAddresses {
		header, err := server.ParseClientAddress(name)
		if err != nil || known[header] != "" {
			t.Errorf("%s is header %d, as %q is; %v", name, header, known[header], err)
		}
		known[header] = name
	}
	for _, name := range []string{"", "X-Real-IP", "forwarded"} {
		if header, err := server.ParseClientAddress(name); err == nil {
			t.Errorf("%q is header %d", name, header)
		}
	}
}
