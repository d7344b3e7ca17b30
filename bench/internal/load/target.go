package load

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Target is an address and a request to it, whose bytes are made once.
type Target struct {
	URL    string
	Method string
	Body   []byte
	// Request is the whole request as it is written to a connection.
	Request []byte
	// Roots are the certificates that are believed over TLS; nil are the system's.
	Roots *x509.CertPool

	network string // tcp or unix
	addr    string // host:port, or the path of a Unix socket
	host    string // for TLS
	tls     bool
}

// Addr is the host and port that connections are opened to, or the path of a Unix socket.
func (t *Target) Addr() string { return t.addr }

// ErrTarget is the error of an unusable URL or header.
var ErrTarget = errors.New("not a target")

// NewTarget prepares a request. A Unix socket's URL is spelled unix:/path:/route, or as nginx has
// it, http://unix:/path:/route. A header is spelled "Name: value" or, as autocannon also takes it,
// "Name=value". Host, Content-Length and Connection are added if they are not among the headers.
func NewTarget(method, rawURL string, headers []string, body []byte) (*Target, error) {
	where := rawURL
	socket, route, isUnix := cutUnix(rawURL)
	switch {
	case isUnix:
		where = "http://localhost" + route
	case !strings.Contains(rawURL, "://"):
		rawURL = "http://" + rawURL
		where = rawURL
	}
	u, err := url.Parse(where)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrTarget, err)
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, fmt.Errorf("%w: %q: want http://host:port/path", ErrTarget, rawURL)
	}
	t := &Target{URL: rawURL, Method: strings.ToUpper(method), Body: body, network: "tcp",
		host: u.Hostname(), tls: u.Scheme == "https"}
	port := u.Port()
	if port == "" {
		port = map[bool]string{false: "80", true: "443"}[t.tls]
	}
	t.addr = net.JoinHostPort(t.host, port)
	if isUnix {
		t.network, t.addr = "unix", socket
	}

	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\n", t.Method, u.RequestURI())
	has := map[string]bool{}
	for _, h := range headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok {
			name, value, ok = strings.Cut(h, "=")
		}
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if !ok || name == "" || strings.ContainsAny(name, " \r\n") ||
			strings.ContainsAny(value, "\r\n") {
			return nil, fmt.Errorf("%w: header %q: want \"Name: value\"", ErrTarget, h)
		}
		has[strings.ToLower(name)] = true
		fmt.Fprintf(&b, "%s: %s\r\n", name, value)
	}
	if !has["host"] {
		fmt.Fprintf(&b, "Host: %s\r\n", u.Host)
	}
	if !has["connection"] {
		b.WriteString("Connection: keep-alive\r\n")
	}
	if !has["content-length"] && (len(body) > 0 || t.Method == "POST" || t.Method == "PUT") {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.Write(body)
	t.Request = b.Bytes()
	return t, nil
}

// cutUnix takes the URL of a Unix socket apart.
func cutUnix(rawURL string) (path, route string, found bool) {
	rest, found := strings.CutPrefix(strings.TrimPrefix(rawURL, "http://"), "unix:")
	if !found || !strings.HasPrefix(rest, "/") {
		return "", "", false
	}
	path, route, _ = strings.Cut(rest, ":")
	return path, route, true
}
