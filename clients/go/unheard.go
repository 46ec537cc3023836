package callme

import (
	"fmt"
	"maps"
	"strings"

	"connectrpc.com/connect"
)

// where says what to correct if the address is the wrong one.
const where = "CALL_ME_URL, or give WithURL"

// hangingUp are words of errors of a connection that the other side has closed; the last one, if that was while the request was written.
var hangingUp = []string{"EOF", "connection reset", "broken pipe", "malformed HTTP response", "use of closed network connection"}

// unheard names the address and the remedy in the error of a call that no call-me server has judged; its code stays, and so does what it
// was made of. Any other error is given back as it is.
func unheard(err error, url string) error {
	failure, ok := err.(*connect.Error)
	if !ok || infoOf(failure) != nil || isTokenError(err) {
		return err
	}
	told := connect.NewError(failure.Code(), sentence(failure, url))
	maps.Copy(told.Meta(), failure.Meta())
	return told
}

func sentence(failure *connect.Error, url string) error {
	said, cause := failure.Message(), failure.Unwrap()
	switch {
	case containsAny(said, "gave HTTP response to HTTPS client", "does not look like a TLS handshake"):
		return fmt.Errorf("%s speaks clear text: set %s, with http:// instead of https:// (%w)", url, where, cause)
	case strings.HasPrefix(url, "http:") && containsAny(said, hangingUp...):
		return fmt.Errorf("%s hung up (%w): if it speaks TLS, set %s, with https:// instead of http://", url, cause, where)
	case containsAny(said, "x509:"):
		return fmt.Errorf("the certificate of %s is not accepted: %w. Name its authority's in SSL_CERT_FILE, or correct CALL_ME_URL", url, cause)
	}
	switch failure.Code() {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeAborted, connect.CodeCanceled:
		return fmt.Errorf("no answer from %s: %w. Is the server running there? Set %s", url, cause, where)
	default:
		return fmt.Errorf("no proper answer from %s: %w. Is it a call-me server? Set %s", url, cause, where)
	}
}

func containsAny(text string, parts ...string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}
