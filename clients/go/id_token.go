package callme

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"time"
)

// idToken is what a token of a CI system says of itself. Nothing in it is verified: that is for the server.
type idToken struct {
	text string
	// issuer is who made it, and audiences whom it is for.
	issuer    string
	audiences []string
	// life is how long it is good for from its making; 0: it does not say, or that does not count.
	life time.Duration
	// end is when it ends, by its issuer's clock; zero: it does not say.
	end time.Time
}

// longestToken is what a header can carry beside all others, in bytes.
const longestToken = 12_288

// tokenForm is that of a JSON Web Token: header, payload and signature.
var tokenForm = regexp.MustCompile(`^[\w-]+\.([\w-]+)\.[\w-]*$`)

// idTokenOf reads a token, with or without white space around it; nil: it is none.
func idTokenOf(given string) *idToken {
	text := strings.TrimSpace(given)
	parts := tokenForm.FindStringSubmatch(text)
	if parts == nil || len(text) > longestToken {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims map[string]any
	if err != nil || json.Unmarshal(payload, &claims) != nil || claims == nil {
		return nil
	}
	token := &idToken{text: text}
	token.issuer, _ = claims["iss"].(string)
	audiences, several := claims["aud"].([]any)
	if !several {
		audiences = []any{claims["aud"]}
	}
	for _, one := range audiences {
		if audience, ok := one.(string); ok {
			token.audiences = append(token.audiences, audience)
		}
	}
	// A year 9999 is enough: beyond it a time cannot be written.
	if end, ok := claims["exp"].(float64); ok && math.Abs(end) < 253_402_300_800 {
		token.end = time.UnixMilli(int64(end * 1_000))
		if begin, ok := claims["iat"].(float64); ok && begin < end && end-begin < 1e9 {
			token.life = time.Duration((end - begin) * float64(time.Second))
		}
	}
	return token
}
