package callme

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"connectrpc.com/connect"
)

const (
	// endpointPatience is how long one answer may take.
	endpointPatience = 5 * time.Second
	// commandPatience is how long a command may take: Buildkite's tries five times by itself.
	commandPatience = 30 * time.Second
	// longestAnswer is how much of either is read, in bytes.
	longestAnswer = 65_536
	// endpointTries is how often an endpoint is asked.
	endpointTries = 3
)

// askEndpoint gets a token from an endpoint as GitHub's runner has it.
func askEndpoint(ctx context.Context, given, key, audience, remedy string) (*idToken, error) {
	address, err := url.Parse(given)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") {
		return nil, noToken(connect.CodeUnauthenticated, "no token from GitHub Actions: ACTIONS_ID_TOKEN_REQUEST_URL is no http(s) address. %s", remedy)
	}
	query := address.Query()
	query.Set("audience", audience)
	address.RawQuery = query.Encode()
	longest := firstPause
	for try := 1; ; try++ {
		token, refused, why := askOnce(ctx, address.String(), key)
		switch {
		case token != nil:
			return token, nil
		case refused:
			return nil, noToken(connect.CodeUnauthenticated, "no token from GitHub Actions: its endpoint %s. %s", why, remedy)
		case try == endpointTries:
			return nil, noToken(connect.CodeUnavailable, "no token from GitHub Actions: its endpoint %s. Try again later", why)
		}
		time.Sleep(longest/2 + rand.N(longest/2))
		longest *= 2
	}
}

// askOnce gives the token, or says why there is none, and whether that is final.
func askOnce(ctx context.Context, address, key string) (token *idToken, refused bool, why string) {
	ctx, cancel := context.WithTimeout(ctx, endpointPatience)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, true, "has no proper address"
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", "call-me-go/"+version)
	client := newHTTPClient(nil)
	defer client.CloseIdleConnections()
	answer, err := client.Do(request)
	if err != nil {
		return nil, false, "gives no answer: " + causeOf(err)
	}
	defer func() { _ = answer.Body.Close() }()
	status := answer.StatusCode
	if status < 200 || status > 299 {
		passing := status >= 500 || status == http.StatusRequestTimeout || status == http.StatusTooManyRequests
		return nil, !passing, fmt.Sprintf("refused it (%d)", status)
	}
	content, err := io.ReadAll(io.LimitReader(answer.Body, longestAnswer+1))
	switch {
	case err != nil:
		return nil, false, "gives no whole answer: " + causeOf(err)
	case len(content) > longestAnswer:
		return nil, false, fmt.Sprintf("has an answer of more than %d bytes", longestAnswer)
	}
	var told struct {
		Value string `json:"value"`
	}
	if json.Unmarshal(content, &told) == nil {
		token = idTokenOf(told.Value)
	}
	return token, false, "has no token in its answer"
}

// causeOf leaves the address out, which may have something secret in it.
func causeOf(err error) string {
	var trouble *url.Error
	if errors.As(err, &trouble) {
		err = trouble.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("none in %v", endpointPatience)
	}
	return err.Error()
}

// askCommand gets the token that a command prints. Its error has the last line of the command's stderr, without what looks like a token.
func askCommand(ctx context.Context, source, remedy, name string, args ...string) (*idToken, error) {
	ctx, cancel := context.WithTimeout(ctx, commandPatience)
	defer cancel()
	command := exec.CommandContext(ctx, name, args...)
	command.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "CALL_ME_API_KEY=") })
	var told, words bounded
	command.Stdout, command.Stderr = &told, &words
	// Whoever it leaves behind may keep its pipes open.
	command.WaitDelay = time.Second
	err := command.Run()
	if token := idTokenOf(told.String()); err == nil && token != nil {
		return token, nil
	}
	why := "did not print one"
	var ended *exec.ExitError
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, noToken(connect.CodeUnauthenticated, "no token from %s: there is no command %s on the PATH. %s", source, name, remedy)
	case ctx.Err() != nil:
		why = "gave none in time"
	case errors.As(err, &ended):
		why = fmt.Sprintf("ended with %d", ended.ExitCode())
	case err != nil:
		why = err.Error()
	}
	return nil, noToken(connect.CodeUnauthenticated, "no token from %s: %s %s %s %s%s. %s", source, name, args[0], args[1], why, lastLine(words.String()), remedy)
}

var tokenLike = regexp.MustCompile(`[\w-]+\.[\w-]+\.[\w-]{8,}`)

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	line := tokenLike.ReplaceAllString(lines[len(lines)-1], "…")
	line = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.In(r, unicode.Bidi_Control) {
			return -1
		}
		return r
	}, line)
	if line == "" {
		return ""
	}
	return fmt.Sprintf(" (%.200s)", line)
}

// bounded keeps the beginning of what is written to it, and takes the rest for written.
type bounded struct {
	bytes.Buffer
}

// Write never fails.
func (b *bounded) Write(content []byte) (int, error) {
	if room := longestAnswer - b.Len(); room > 0 {
		b.Buffer.Write(content[:min(room, len(content))])
	}
	return len(content), nil
}
