package callme

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strings"

	"connectrpc.com/connect"
)

// A tokenSource is who gives a job its token.
type tokenSource struct {
	// name is how errors name it.
	name string
	// mints tells whether each token is made for us, just now: then its age is known.
	mints bool
	// fetch gets one for an audience. Its error is a *connect.Error: see noToken.
	fetch func(ctx context.Context, audience string) (*idToken, error)
}

// A tokenError is the cause of a *connect.Error of a call that lacks a CI system's token, or whose token the server refuses. Its words say what is
// wrong, and what to do; the token is not in them.
type tokenError struct {
	words string
}

// Error says what is wrong, and what to do.
func (e *tokenError) Error() string {
	return e.words
}

// noToken is the error of a source. Unavailable: it was out of reach, and the same call may succeed later; unauthenticated: somebody has to set
// something.
func noToken(code connect.Code, format string, values ...any) error {
	return connect.NewError(code, &tokenError{words: fmt.Sprintf(format, values...)})
}

// isTokenError tells whether a call ended with the error of a source, or that of a token which was refused.
func isTokenError(err error) bool {
	var trouble *tokenError
	return errors.As(err, &trouble)
}

var sourceKinds = []string{"auto", "given", "github", "buildkite", "circleci", "off"}

// sourceOfTokens gives the source of a job with our environment, by rule 13 of clients/README.md; nil: there is none, or none is wanted.
func sourceOfTokens() (*tokenSource, error) {
	kind := strings.TrimSpace(os.Getenv("CALL_ME_ID_TOKEN_SOURCE"))
	if kind == "" || kind == "auto" {
		kind = offeredTokens()
	}
	switch kind {
	case "":
		return nil, nil
	case "off":
		return nil, nil
	case "given":
		return givenTokens(), nil
	case "github":
		return githubTokens(), nil
	case "buildkite":
		return buildkiteTokens(), nil
	case "circleci":
		return circleTokens(), nil
	default:
		return nil, fmt.Errorf("callme: CALL_ME_ID_TOKEN_SOURCE %q is none of %s", kind, strings.Join(sourceKinds, ", "))
	}
}

// isSourceNamed tells whether somebody says where tokens come from: then they are shown beside a key, too.
func isSourceNamed() bool {
	return !slices.Contains([]string{"", "auto", "off"}, strings.TrimSpace(os.Getenv("CALL_ME_ID_TOKEN_SOURCE")))
}

// offeredTokens names the first source that is there.
func offeredTokens() string {
	has := func(command string) bool {
		_, err := exec.LookPath(command)
		return err == nil
	}
	switch {
	case strings.TrimSpace(os.Getenv("CALL_ME_ID_TOKEN")) != "" || os.Getenv("CALL_ME_ID_TOKEN_FILE") != "":
		return "given"
	case os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL") != "" && os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN") != "":
		return "github"
	case os.Getenv("BUILDKITE") == "true" && has("buildkite-agent"):
		return "buildkite"
	case os.Getenv("CIRCLECI") == "true" && (has("circleci") || os.Getenv("CIRCLE_OIDC_TOKEN_V2") != ""):
		return "circleci"
	default:
		return ""
	}
}

func githubTokens() *tokenSource {
	const remedy = "Give the job `permissions: id-token: write`"
	return &tokenSource{name: "GitHub Actions", mints: true, fetch: func(ctx context.Context, audience string) (*idToken, error) {
		address, key := os.Getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), os.Getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
		if address == "" || key == "" {
			return nil, noToken(connect.CodeUnauthenticated, "no token from GitHub Actions: ACTIONS_ID_TOKEN_REQUEST_URL is not set. %s", remedy)
		}
		return askEndpoint(ctx, address, key, audience, remedy)
	}}
}

func buildkiteTokens() *tokenSource {
	const remedy = "Run it where the job's agent is (a container needs BUILDKITE_AGENT_ACCESS_TOKEN and the agent's command in it)"
	// Neither is in a token by itself, and all organisations share an issuer.
	claims := "organization_id,pipeline_id"
	if more := strings.TrimSpace(os.Getenv("BUILDKITE_OIDC_TOKEN_CLAIMS")); more != "" {
		claims += "," + more
	}
	return &tokenSource{name: "Buildkite", mints: true, fetch: func(ctx context.Context, audience string) (*idToken, error) {
		return askCommand(ctx, "Buildkite", remedy, "buildkite-agent", "oidc", "request-token", "--audience", audience, "--claim", claims)
	}}
}

func circleTokens() *tokenSource {
	const remedy = "Pass secrets to it if it builds a fork (Project Settings, Advanced), or set CALL_ME_AUDIENCE to your organization's id"
	return &tokenSource{name: "CircleCI", mints: true, fetch: func(ctx context.Context, audience string) (*idToken, error) {
		claims, err := json.Marshal(map[string]string{"aud": audience})
		if err != nil {
			return nil, noToken(connect.CodeUnauthenticated, "no token from CircleCI: %v", err)
		}
		token, err := askCommand(ctx, "CircleCI", remedy, "circleci", "run", "oidc", "get", "--claims", string(claims))
		// One for another audience could open what that stands for: it is not for this server to see.
		if own := idTokenOf(os.Getenv("CIRCLE_OIDC_TOKEN_V2")); err != nil && own != nil && slices.Contains(own.audiences, audience) {
			// It was made before the job began: its end counts, and not its length.
			own.life = 0
			return own, nil
		}
		return token, err
	}}
}

func givenTokens() *tokenSource {
	text, file := strings.TrimSpace(os.Getenv("CALL_ME_ID_TOKEN")), os.Getenv("CALL_ME_ID_TOKEN_FILE")
	if text != "" || file == "" {
		const name = "CALL_ME_ID_TOKEN"
		return &tokenSource{name: name, fetch: func(context.Context, string) (*idToken, error) {
			token := idTokenOf(text)
			if token == nil {
				return nil, noToken(connect.CodeUnauthenticated, "no token from %s: it is not set, or no JSON Web Token. Set it to a token of the job (GitLab: id_tokens)", name)
			}
			return meant(token, name)
		}}
	}
	name := fmt.Sprintf("CALL_ME_ID_TOKEN_FILE %q", file)
	return &tokenSource{name: name, fetch: func(context.Context, string) (*idToken, error) {
		const remedy = "Let it hold a token of the job"
		content, err := beginningOf(file)
		var trouble *fs.PathError
		if errors.As(err, &trouble) {
			return nil, noToken(connect.CodeUnavailable, "no token from %s: it cannot be read (%v). %s", name, trouble.Err, remedy)
		}
		token := idTokenOf(string(content))
		if token == nil {
			// Whoever replaces it may be in the midst of that.
			return nil, noToken(connect.CodeUnavailable, "no token from %s: what it holds is no JSON Web Token. %s", name, remedy)
		}
		return meant(token, name)
	}}
}

// beginningOf reads no more than a token can be long: the name may be that of anything.
func beginningOf(file string) ([]byte, error) {
	opened, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = opened.Close() }()
	return io.ReadAll(io.LimitReader(opened, longestAnswer))
}

// meant lets a token pass that somebody gave: it is for whom they say, unless CALL_ME_AUDIENCE says that they meant another.
func meant(token *idToken, name string) (*idToken, error) {
	audience := strings.TrimSpace(os.Getenv("CALL_ME_AUDIENCE"))
	if audience == "" || slices.Contains(token.audiences, audience) {
		return token, nil
	}
	return nil, noToken(connect.CodeUnauthenticated, "the token in %s is for %q, and CALL_ME_AUDIENCE is %q. Make them the same", name, token.audiences, audience)
}
