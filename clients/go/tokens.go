package callme

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect"
)

const (
	// ahead is how long before its end a token is fetched anew at the latest.
	ahead = 30 * time.Second
	// untold is how long a token is taken for good that does not say so.
	untold = time.Minute
	// lull is how long to let a source alone that has failed while a token is good still.
	lull = 5 * time.Second
	// tokenWait is how long a call may wait for a token: less than any call itself may take.
	tokenWait = 4 * time.Second
)

// tokens are those of one job for one server: fetched when they are needed, one at a time, and anew before they end, by rule 13 of clients/README.md.
type tokens struct {
	source   *tokenSource
	audience string
	url      string
	// exposed: whoever listens on the way to the server would have the token.
	exposed bool

	lock sync.Mutex
	// held is the newest one; due and end are when to fetch another one, and until when it is good, as far as we know.
	held     *idToken
	due, end time.Time
	fetching *fetching
}

// A fetching is under way until done is closed.
type fetching struct {
	done  chan struct{}
	token *idToken
	err   error
}

// newTokens gives those for the server at an address; nil: the job has none.
func newTokens(address string) (*tokens, error) {
	source, err := sourceOfTokens()
	if source == nil || err != nil {
		return nil, err
	}
	insecure := strings.TrimSpace(os.Getenv("CALL_ME_INSECURE"))
	if !slices.Contains([]string{"", "on", "off"}, insecure) {
		return nil, fmt.Errorf("callme: CALL_ME_INSECURE %q is neither on nor off", insecure)
	}
	server, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	audience := strings.TrimSpace(os.Getenv("CALL_ME_AUDIENCE"))
	if audience == "" {
		audience = originOf(server)
	}
	return &tokens{source: source, audience: audience, url: address, exposed: !isPrivate(server) && insecure != "on"}, nil
}

// originOf is the address without its path, and without the scheme's own port.
func originOf(server *url.URL) string {
	own := map[string]string{"http": ":80", "https": ":443"}[server.Scheme]
	return server.Scheme + "://" + strings.TrimSuffix(strings.ToLower(server.Host), own)
}

// isPrivate tells whether nobody else can listen to what is sent there.
func isPrivate(server *url.URL) bool {
	name := strings.ToLower(server.Hostname())
	return server.Scheme == "https" || name == "localhost" || net.ParseIP(name).IsLoopback()
}

// fresh gives a token that is good for a while.
func (t *tokens) fresh(ctx context.Context) (*idToken, error) {
	if t.exposed {
		return nil, noToken(connect.CodeUnauthenticated,
			"a token of %s is not sent in clear text to %s. Write https://, or set CALL_ME_INSECURE=on where nobody can listen", t.source.name, t.url)
	}
	t.lock.Lock()
	now := time.Now()
	held, good := t.held, t.held != nil && now.Before(t.end)
	var under *fetching
	if !good || !now.Before(t.due) {
		under = t.fetch()
	}
	t.lock.Unlock()
	if good {
		return held, nil
	}
	return t.await(ctx, under)
}

// after gives another one than that which the server has refused; nil: the source has no other.
func (t *tokens) after(ctx context.Context, refused *idToken) (*idToken, error) {
	t.lock.Lock()
	known := t.held
	var under *fetching
	if known == nil || known.text == refused.text {
		under = t.fetch()
	}
	t.lock.Unlock()
	if under == nil {
		return known, nil
	}
	token, err := t.await(ctx, under)
	if err != nil || token.text == refused.text {
		return nil, err
	}
	return token, nil
}

// fetch begins to, unless that is under way; to be called with the lock. It goes on when the call that needs the token has been given up: the next one
// finds it.
func (t *tokens) fetch() *fetching {
	if t.fetching != nil {
		return t.fetching
	}
	under := &fetching{done: make(chan struct{})}
	t.fetching = under
	go func() {
		under.token, under.err = t.source.fetch(context.Background(), t.audience)
		t.lock.Lock()
		defer t.lock.Unlock()
		t.fetching = nil
		if under.err == nil {
			t.keep(under.token)
		} else {
			t.due = time.Now().Add(lull)
		}
		close(under.done)
	}()
	return under
}

// await waits for a token for as long as a call may, but not for all of its time: so it fails with the right words.
func (t *tokens) await(ctx context.Context, under *fetching) (*idToken, error) {
	late := time.NewTimer(tokenWait)
	defer late.Stop()
	select {
	case <-under.done:
		return under.token, under.err
	case <-late.C:
		return nil, noToken(connect.CodeUnavailable, "no token from %s in %v. Try again later", t.source.name, tokenWait)
	case <-ctx.Done():
		code := connect.CodeCanceled
		if ctx.Err() == context.DeadlineExceeded {
			code = connect.CodeUnavailable
		}
		return nil, noToken(code, "no token from %s in time (%v). Try again later", t.source.name, ctx.Err())
	}
}

func (t *tokens) keep(token *idToken) {
	rest := token.life
	if rest == 0 || !t.source.mints {
		rest = untold
		if !token.end.IsZero() {
			rest = max(0, time.Until(token.end))
		}
	}
	life := token.life
	if life == 0 {
		life = rest
	}
	before := min(max(life/3, ahead), rest*2/3)
	if token.end.IsZero() {
		before = 0
	}
	now := time.Now()
	t.held, t.due, t.end = token, now.Add(rest-before), now.Add(rest)
}

// bearing has each call that no key opens bear a token; one that is refused is sent once more with another. A stream is opened once.
type bearing struct {
	tokens *tokens
	// beside: the key opens the calls, and a token is only shown, if there is one.
	beside bool
}

// WrapUnary adds the token.
func (b bearing) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		if request.Header().Get(keyHeader) != "" || request.Header().Get("Authorization") != "" {
			return next(ctx, request)
		}
		token, err := b.tokens.fresh(ctx)
		switch {
		case err != nil && b.beside:
			return next(ctx, request)
		case err != nil:
			return nil, err
		}
		request.Header().Set("Authorization", "Bearer "+token.text)
		answer, err := next(ctx, request)
		if b.beside || connect.CodeOf(err) != connect.CodeUnauthenticated {
			return answer, err
		}
		other, trouble := b.tokens.after(ctx, token)
		switch {
		case trouble != nil:
			return nil, trouble
		case other == nil:
			return nil, b.tokens.refused(token, err)
		}
		request.Header().Set("Authorization", "Bearer "+other.text)
		if answer, err = next(ctx, request); connect.CodeOf(err) == connect.CodeUnauthenticated {
			return nil, b.tokens.refused(other, err)
		}
		return answer, err
	}
}

// WrapStreamingClient adds the token.
func (b bearing) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		return &bearingStream{StreamingClientConn: next(ctx, spec), ctx: ctx, bearing: b}
	}
}

// WrapStreamingHandler leaves servers alone.
func (b bearing) WrapStreamingHandler(next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// A bearingStream has its token when it is opened: only then is it known whether it has a key.
type bearingStream struct {
	connect.StreamingClientConn
	ctx     context.Context
	bearing bearing
}

// Send sends the request.
func (s *bearingStream) Send(message any) error {
	if s.RequestHeader().Get(keyHeader) == "" && s.RequestHeader().Get("Authorization") == "" {
		token, err := s.bearing.tokens.fresh(s.ctx)
		switch {
		case err == nil:
			s.RequestHeader().Set("Authorization", "Bearer "+token.text)
		case !s.bearing.beside:
			return err
		}
	}
	return s.StreamingClientConn.Send(message)
}

// refused says whose token it was, for whom, and who can mend it, with the server's own details.
func (t *tokens) refused(token *idToken, answer error) error {
	over, remedy := "", "Its operator looks whether the rules in CALL_ME_ACCESS name this issuer and audience, and whether one of them is for this job; its log says why"
	if !token.end.IsZero() && time.Now().After(token.end) {
		over = ", which ended at " + token.end.UTC().Format(time.RFC3339)
		remedy = "Show a fresh one: have the CI system make it later or live for longer, or let it be fetched when it is needed"
	}
	told := connect.NewError(connect.CodeUnauthenticated, &tokenError{words: fmt.Sprintf(
		"%s does not accept the token of %s (issuer %q, audience %q%s): %s. %s",
		t.url, t.source.name, token.issuer, token.audiences, over, messageOf(answer), remedy)})
	if failure, ok := answer.(*connect.Error); ok {
		for _, detail := range failure.Details() {
			told.AddDetail(detail)
		}
	}
	return told
}
