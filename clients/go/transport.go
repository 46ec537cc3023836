package callme

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// keyHeader takes API keys and lease tokens.
const keyHeader = "X-Api-Key"

// keyed adds our key to each request that has no key of its own: see withToken.
type keyed struct {
	http *http.Client
	key  string
}

// Do sends the request.
func (k keyed) Do(request *http.Request) (*http.Response, error) {
	if k.key != "" && request.Header.Get(keyHeader) == "" {
		request.Header.Set(keyHeader, k.key)
	}
	request.Header.Set("User-Agent", "call-me-go/"+version+" "+request.Header.Get("User-Agent"))
	return k.http.Do(request)
}

// newHTTPClient makes one that speaks HTTP/1.1 alone. That passes through every proxy. And each call that is under way has a connection of
// its own: where one dies without a word, the next Renew does not wait in it. TLS is as Go has it where nothing is given.
func newHTTPClient(secure *tls.Config) *http.Client {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Client{
		Transport: &http.Transport{
			// No proxy of the environment: it would have to let streams pass for hours.
			Proxy: nil,
			// A dial goes on when its call has been given up; it must not for long.
			DialContext:         (&net.Dialer{Timeout: callTimeout}).DialContext,
			TLSClientConfig:     secure,
			TLSHandshakeTimeout: callTimeout,
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     90 * time.Second,
			Protocols:           protocols,
		},
		// net/http would hand X-Api-Key to whatever host a redirect names.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}
