// Package config reads the service's one YAML file into validated values.
//
// Most callers want [Load]. It reports every mistake in the file at once, each with its line and
// column and what was expected ([Mistakes]). A configuration that it returns needs no further
// checks. [Demo] is the configuration of a demonstration, which has no file.
package config

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"path/filepath"
	"strings"
	"time"

	"videotoken/internal/caller"
	"videotoken/internal/cdn"
	"videotoken/internal/document"
	"videotoken/internal/limits"
	"videotoken/internal/listen"
	"videotoken/internal/scheme"
)

// Config is a configuration. videotoken.example.yaml, at the top, has every field.
type Config struct {
	Listen        []listen.Address // of the service
	Admin         Admin
	Transport     string // one of Transports
	Token         Token
	Document      Document
	Callers       *caller.Set  // who may ask; nil: anybody
	Allow         caller.Paths // what anybody may have signed; nil: every path
	CDNs          *cdn.Set
	CORS          CORS
	Proxies       Proxies
	ClientAddress string // one of ClientAddresses
	Limits        Limits
	Revocations   Revocations
	AccessLog     AccessLog
	Drain         time.Duration // how long the service goes on serving once it was told to end

	// Signatures keeps what the CDNs' private keys have signed, SignatureCache bytes of it once it
	// is resized.
	Signatures     *scheme.Signatures
	SignatureCache int64

	// Files are the names of what was read, the file itself and its secret files, for Watch. Sum is
	// a hash of their content: two configurations with one sum are the same.
	Files []string
	Sum   [sha256.Size]byte

	// Warnings are allowed and yet worth a line in the log.
	Warnings []string
}

// Transports are the ways to read sockets: what is best on this system, event loops, fasthttp's own
// server.
var Transports = []string{"auto", "epoll", "fasthttp"}

// ClientAddresses are the headers from which /verify takes the client's address.
var ClientAddresses = []string{"x-real-ip", "x-forwarded-for"}

// Token is the policy for tokens. All durations are whole seconds.
type Token struct {
	TTL, MaxTTL, Round, Leeway time.Duration

	// how long tokens are renewed, where a request does not say, and at most
	Renew, MaxRenew time.Duration
	RenewGrace      time.Duration // how long after its expiry a token is renewed
}

// Grace is how long after its expiry a token counts, for an edge or for its renewal.
func (t Token) Grace() time.Duration { return t.Leeway + t.RenewGrace }

// Document says what the service looks for in documents.
type Document struct {
	Patterns *document.Patterns // which strings are URLs
	// An absolute URL is signed if it begins with one of these, or with a CDN's url.
	Origins     []string
	KeepForeign bool // other URLs stay as they are, and are not refused
}

// AccessLog says which requests are logged.
type AccessLog struct {
	Sample    int  // one of so many; 0: none
	Addresses bool // with the client's address
}

// CORS says which pages may ask from a browser, and how.
type CORS struct {
	// exact origins, "*", "null", or with a wildcard for one label: "https://*.example"
	Origins     []string
	Headers     []string      // that a page may send besides Content-Type
	Credentials bool          // a page may send cookies
	MaxAge      time.Duration // how long a browser keeps the answer to a preflight
}

// Proxies are the peers whose word for the client's address /verify believes.
type Proxies struct {
	Networks []netip.Prefix
	Unix     bool // peers at Unix sockets
}

// Limits bound what clients can ask for, and hold.
type Limits struct {
	Body        int // bytes of a request's body
	URLs        int // in a request
	Connections int // open at a time
	// bytes that unfinished requests hold; 0: chosen by the memory that the process may use
	Memory int64
}

// Mistake is something wrong in a configuration file.
type Mistake struct {
	Line, Column int    // from 1; 0 where something is missing
	Field        string // as in "cdns[0].keys[1].id"; "" for the file as a whole
	Message      string // what was expected
}

// String is the mistake as it is printed after the name of the file.
func (m Mistake) String() string {
	var b strings.Builder
	if m.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", m.Line, m.Column)
	}
	if m.Field != "" {
		b.WriteString(m.Field + ": ")
	}
	return b.String() + m.Message
}

// Mistakes are all that is wrong in a file, in its order.
type Mistakes struct {
	File  string
	List  []Mistake
	Files []string // as of Config, with those that could not be read: what may change to mend it
}

// Error has a line for each mistake.
func (m *Mistakes) Error() string {
	var b strings.Builder
	for i, mistake := range m.List {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s: %s", m.File, mistake)
	}
	return b.String()
}

// Load reads a file. The error is a [*Mistakes] where the file could be read.
func Load(name string) (*Config, error) {
	return LoadAfter(nil, name)
}

// LoadAfter is [Load] for a process that has a configuration already, whose kept signatures serve
// the new one, too.
func LoadAfter(before *Config, name string) (*Config, error) {
	f, err := readFile(name, maxSize+1)
	if err != nil {
		return nil, fmt.Errorf("configuration: %s: %w", name, err)
	}
	var signatures *scheme.Signatures
	if before != nil {
		signatures = before.Signatures
	}
	return parseFile(name, f, signatures)
}

// Parse reads the content of a file, without looking at the file itself. The names of secret files
// are relative to the file's directory.
func Parse(name string, data []byte) (*Config, error) {
	return parseFile(name, file{data: data}, nil)
}

func parseFile(name string, f file, signatures *scheme.Signatures) (*Config, error) {
	if signatures == nil {
		signatures = scheme.NewSignatures(scheme.DefaultSignatures)
	}
	r := &reader{dir: filepath.Dir(name), secrets: map[string]string{}, files: []string{name},
		sum: sha256.New(), signatures: signatures}
	r.note(name, f)
	c := r.read(f.data)
	if err := r.err(name); err != nil {
		return nil, err
	}
	c.Files, c.Signatures = r.files, signatures
	r.sum.Sum(c.Sum[:0])
	if r.inline && f.isPublic() {
		c.Warnings = append(c.Warnings,
			fmt.Sprintf("%s has a secret in it and is %s: use secret_file, or chmod 600", name,
				f.readers()))
	}
	return c, nil
}

// defaults returns the values of what a file leaves out.
func defaults() *Config {
	return &Config{
		Listen:    []listen.Address{address(":3002")},
		Admin:     Admin{Address: address("127.0.0.1:9302")},
		Transport: "auto",
		Token: Token{TTL: 6 * time.Hour, MaxTTL: 24 * time.Hour, Round: 5 * time.Minute,
			Leeway: 10 * time.Second, MaxRenew: 12 * time.Hour, RenewGrace: 5 * time.Minute},
		Document:      Document{Patterns: document.Default},
		CORS:          CORS{MaxAge: 24 * time.Hour},
		ClientAddress: "x-real-ip",
		Limits: Limits{Body: limits.Body, URLs: limits.URLs,
			Connections: limits.Connections},
		Drain: 5 * time.Second,

		SignatureCache: scheme.DefaultSignatures,
	}
}
