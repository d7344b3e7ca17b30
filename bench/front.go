package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"videotoken/bench/internal/subject"
)

// trust are the certificates that a client believes.
type trust = *x509.CertPool

// front is an HAProxy that terminates TLS in front of the service, over connections that it keeps.
type front struct {
	*subject.Process
	url   string
	trust trust
}

// frontConfig is HAProxy's configuration. The plain port tells when it is ready.
const frontConfig = `defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
    option http-keep-alive
frontend tls
    bind "$PLAIN"
    bind "$TLS" ssl crt %s
    default_backend service
backend service
    http-reuse always
    server service %s
`

// startFront starts an HAProxy in front of a service, whose URL is that of a Unix socket or a port.
func startFront(ctx context.Context, dir, service string) (*front, error) {
	crt := filepath.Join(dir, "front.pem")
	trusted, err := writeCertificate(crt, time.Now())
	if err != nil {
		return nil, err
	}
	server := strings.TrimPrefix(service, "http://")
	if path, isUnix := strings.CutPrefix(service, "unix:"); isUnix {
		server = "unix@" + strings.TrimSuffix(path, ":")
	}
	file := filepath.Join(dir, "front.cfg")
	if err := os.WriteFile(file, fmt.Appendf(nil, frontConfig, crt, server), 0o600); err != nil {
		return nil, err
	}
	p, err := subject.Start(ctx, subject.Command{Ready: "/healthz",
		Args: []string{"haproxy", "-db", "-f", file},
		Env:  []string{"PLAIN={listen}", "TLS={admin}"}})
	if err != nil {
		return nil, err
	}
	return &front{p, "https" + strings.TrimPrefix(p.Admin, "http"), trusted}, nil
}

// writeCertificate writes a key and a certificate for 127.0.0.1, good for a day.
func writeCertificate(file string, now time.Time) (trust, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return nil, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = errors.Join(
		pem.Encode(&b, &pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.Encode(&b, &pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(b.Bytes())
	return roots, os.WriteFile(file, b.Bytes(), 0o600)
}
