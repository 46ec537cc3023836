package callme

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"connectrpc.com/connect"

	"github.com/call-me/call-me/gen/go/callme/v1/callmev1connect"
)

// A Client holds environments of one call-me server. It is safe for concurrent use; one for a whole program is enough.
type Client struct {
	url          string
	calls        calls
	environments callmev1connect.EnvironmentServiceClient
	idle         func()
}

// An Option says where the server is, what opens it, or how it is reached.
type Option func(*settings)

type settings struct {
	url string
	// key is nil unless it was given.
	key  *string
	http *http.Client
}

// WithURL gives the server's address, http or https, instead of CALL_ME_URL.
func WithURL(url string) Option {
	return func(s *settings) { s.url = url }
}

// WithKey gives an API key, or a lease token, instead of CALL_ME_API_KEY. An empty one: none is sent.
//
// Where neither this nor CALL_ME_API_KEY says one, calls bear the CI system's token for this job, if there is one: rule 13 of clients/README.md.
func WithKey(key string) Option {
	return func(s *settings) { s.key = &key }
}

// WithHTTPClient uses this client for all calls, for the sake of its proxies, certificates or connections. It must not have a Timeout: that
// would cut streams off. Without it, calls go over HTTP/1.1, in clear text or TLS, and past any proxy that the environment names.
//
// A client that speaks HTTP/2 should find out about dead connections by itself (http.Transport.HTTP2.SendPingTimeout): one connection
// carries all calls, so where it dies without a word, no Renew gets through, however often it is sent.
//
// After a call that got no answer in its time, all connections that it keeps idle are closed, those of others who share it too: they are most
// likely as dead, and would cost the next calls as long.
func WithHTTPClient(client *http.Client) Option {
	return func(s *settings) { s.http = client }
}

// New makes a client for the server at CALL_ME_URL (http://127.0.0.1:8000 if that is empty), with the key CALL_ME_API_KEY, unless options
// say otherwise. It connects to nothing yet. The error tells of an address that is none, a key that no
// header can carry, or a wrong setting for tokens or TLS.
func New(options ...Option) (*Client, error) {
	s := settings{url: os.Getenv("CALL_ME_URL")}
	for _, option := range options {
		option(&s)
	}
	s.url = strings.TrimSpace(s.url)
	if s.url == "" {
		s.url = "http://127.0.0.1:8000"
	}
	if address, err := url.Parse(s.url); err != nil {
		return nil, fmt.Errorf("callme: %w; write the server's address like http://127.0.0.1:8000", err)
	} else if (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		return nil, fmt.Errorf("callme: %q is no server's address; write it like http://127.0.0.1:8000", s.url)
	}
	base := strings.TrimRight(s.url, "/")
	key, how, err := s.opener(base)
	if err != nil {
		return nil, err
	}
	if s.http == nil {
		secure, err := tlsConfig()
		if err != nil {
			return nil, err
		}
		s.http = newHTTPClient(secure)
	}
	doer := keyed{http: s.http, key: key}
	return &Client{
		url:          base,
		calls:        calls{locks: callmev1connect.NewLockServiceClient(doer, base, how...), idle: s.http.CloseIdleConnections},
		environments: callmev1connect.NewEnvironmentServiceClient(doer, base, how...),
		idle:         s.http.CloseIdleConnections,
	}, nil
}

// opener is what opens the server: a key, or where none is given, the tokens of the CI job.
func (s *settings) opener(base string) (string, []connect.ClientOption, error) {
	if s.key != nil {
		key, err := keyOf(*s.key)
		return key, nil, err
	}
	key, err := keyOf(os.Getenv("CALL_ME_API_KEY"))
	if err != nil || (key != "" && !isSourceNamed()) {
		return key, nil, err
	}
	tokens, err := newTokens(base)
	if err != nil || tokens == nil {
		return key, nil, err
	}
	return key, []connect.ClientOption{connect.WithInterceptors(bearing{tokens: tokens, beside: key != ""})}, nil
}

// keyOf gives a key as a header can carry it: files and CI systems like to end one with a line break.
func keyOf(given string) (string, error) {
	key := strings.TrimSpace(given)
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("callme: the key must be one line of visible ASCII characters, without spaces")
	}
	return key, nil
}

// Release ends a lease, of whatever process, by its token alone: no key is needed. One that has ended already is no error. A server that is
// out of reach is tried for 10 s. The error is a *connect.Error.
func (c *Client) Release(ctx context.Context, leaseID, leaseToken string) error {
	return c.ReleaseTelling(ctx, leaseID, leaseToken, nil)
}

// ReleaseTelling is Release, and tells facts as [Lease.TellAtRelease] does.
func (c *Client) ReleaseTelling(ctx context.Context, leaseID, leaseToken string, facts map[string]string) error {
	if err := checkFacts(facts); err != nil {
		return err
	}
	err := persist(ctx, func(ctx context.Context) error { return c.calls.release(ctx, leaseID, leaseToken, facts) })
	if ctx.Err() != nil {
		return err
	}
	return unheard(err, c.url)
}

// Locks gives all calls of LockService, as they are: nothing is retried.
func (c *Client) Locks() callmev1connect.LockServiceClient {
	return c.calls.locks
}

// Environments gives all calls of EnvironmentService, as they are: nothing is retried.
func (c *Client) Environments() callmev1connect.EnvironmentServiceClient {
	return c.environments
}

// CloseIdleConnections closes the connections that are kept for the next call. Nobody needs to: they close by themselves after 90 s, and
// a client that nobody uses keeps nothing else.
func (c *Client) CloseIdleConnections() {
	c.idle()
}
