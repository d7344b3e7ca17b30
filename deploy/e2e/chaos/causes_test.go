package chaos

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"videotoken/deploy/e2e/stack"
)

// busyAt is the instance to which the most happens.
func (s *site) busyAt() *stack.Instance { return s.busy.Instances[0] }

// signing asks the busy instance for so many URLs that each need an expensive signature.
func (s *site) signing(urls int) func(*http.Client) error {
	return func(client *http.Client) error {
		var sources []string
		for i := range urls {
			sources = append(sources, fmt.Sprintf(`{"src":"/%d/%d.mp4"}`, time.Now().UnixNano(), i))
		}
		body := `{"token":{"cdn":"cf"},"video":{"sources":[` + strings.Join(sources, ",") + `]}}`
		res, err := client.Post("http://"+s.busyAt().Addr+"/video/token", "application/json",
			strings.NewReader(body))
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, res.Body)
		return errors.Join(err, res.Body.Close())
	}
}

// verifying asks the busy instance about a URL of a CDN.
func (s *site) verifying(cdn, uri string) func(*http.Client) error {
	return func(client *http.Client) error {
		_, err := stack.VerifyAt(client, s.busyAt().Addr, cdn, uri)
		return err
	}
}

// alert is an alert of the rules and what makes it fire: at an instance, if at is not nil. If cause
// is nil, the cause of the alert before makes this one fire, too.
type alert struct {
	name  string
	at    func(s *site) *stack.Instance
	cause func(s *site) error
}

// sharedAlerts fire at the instances with Redis, in this order.
var sharedAlerts = []alert{
	{"VideotokenDown", first, func(s *site) error { return first(s).Kill() }},
	{"VideotokenRevocationsRefused", second, func(s *site) error {
		if err := s.redis.Kill(); err != nil {
			return err
		}
		status, err := revoke(second(s), 1)
		if err == nil && status != http.StatusServiceUnavailable {
			err = fmt.Errorf("revoking without Redis: %d", status)
		}
		return err
	}},
	{"VideotokenRevocationsNotSynced", second, nil}, // Redis is gone
	{"VideotokenRevocationsNotLoaded", first, func(s *site) error { return s.shared.Boot(first(s)) }},
	{"VideotokenErrors", first, func(s *site) error {
		uri, err := stack.Sign(http.DefaultClient, second(s).Addr, `"session":"0000000000000002"`)
		if err != nil {
			return err
		}
		return s.load(2, func(client *http.Client) error {
			_, err := stack.Verify(client, first(s).Addr, uri) // 503: the sessions are not loaded
			return err
		})
	}},
}

// busyAlerts fire at the instance that has limits, in this order.
var busyAlerts = []alert{
	{"VideotokenReloadFailed", (*site).busyAt, func(s *site) error { return s.busyAt().Spoil() }},
	{"VideotokenConnectionsNearLimit", (*site).busyAt, func(s *site) error {
		for range 170 {
			c, err := net.Dial("tcp", s.busyAt().Addr)
			if err != nil {
				return err
			}
			s.t.Cleanup(func() { _ = c.Close() })
		}
		return nil
	}},
	{"VideotokenLogsDropped", (*site).busyAt, func(s *site) error {
		// each has a line, and nobody reads the log
		return s.load(clients, s.verifying("own", "/films/a.mp4"))
	}},
	{"VideotokenRefusalsJump", nil, func(s *site) error {
		// of a key that the busy instance does not have
		uri, err := stack.Sign(http.DefaultClient, second(s).Addr, "")
		if err != nil {
			return err
		}
		return s.load(2, s.verifying("own", uri))
	}},
	{"VideotokenWouldRefuse", nil, func(s *site) error {
		return s.load(1, s.verifying("reports", "/films/a.mp4"))
	}},
	{"VideotokenPanics", (*site).busyAt, func(s *site) error {
		if err := s.busyAt().BreakClock(); err != nil {
			return err
		}
		if uri, err := stack.Sign(http.DefaultClient, s.busyAt().Addr, `"cdn":"own"`); err == nil {
			return fmt.Errorf("no panic: %s", uri)
		}
		return s.busyAt().SetClock(0)
	}},
	{"VideotokenSigningKeyOld", nil, func(s *site) error {
		// Since the key signs, 91 days went by: the service started when its clock was so far behind.
		in := s.busyAt()
		if err := in.SetClock(-91 * 24 * time.Hour); err != nil {
			return err
		}
		if err := s.busy.UseKeys(in, 2); err != nil {
			return err
		}
		return in.SetClock(0)
	}},
	{"VideotokenSignaturesRefused", (*site).busyAt, func(s *site) error {
		return s.load(8, s.signing(200))
	}},
	{"VideotokenSlow", (*site).busyAt, func(s *site) error { return s.load(32, s.signing(8)) }},
}

func first(s *site) *stack.Instance  { return s.shared.Instances[0] }
func second(s *site) *stack.Instance { return s.shared.Instances[1] }
