package callme

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"
)

// tlsConfig is what https is spoken with: the authorities of the server's certificate, and our own certificate, as CALL_ME_CA,
// CALL_ME_CLIENT_CERT and CALL_ME_CLIENT_KEY name them in PEM files; nil if none does.
func tlsConfig() (*tls.Config, error) {
	ca, cert, key := os.Getenv("CALL_ME_CA"), os.Getenv("CALL_ME_CLIENT_CERT"), os.Getenv("CALL_ME_CLIENT_KEY")
	if ca == "" && cert == "" && key == "" {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("callme: CALL_ME_CA cannot be read: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("callme: CALL_ME_CA is %s, which has no certificate in PEM", ca)
		}
	}
	if (cert == "") != (key == "") {
		return nil, errors.New("callme: CALL_ME_CLIENT_CERT and CALL_ME_CLIENT_KEY go together: give the paths of both PEM files")
	}
	if cert != "" {
		own := &ownCertificate{cert: cert, key: key}
		if _, err := own.read(); err != nil {
			return nil, fmt.Errorf("callme: CALL_ME_CLIENT_CERT %s and CALL_ME_CLIENT_KEY %s cannot be used: %w", cert, key, err)
		}
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own.read() }
	}
	return config, nil
}

// ownCertificate is read again for each connection, as certificates are renewed while a lease is held.
type ownCertificate struct {
	cert, key string
	mu        sync.Mutex
	// last is what was good the last time.
	last *tls.Certificate
}

// read gives what the files say or, while they cannot be used, what they said before.
func (o *ownCertificate) read() (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(o.cert, o.key)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err == nil {
		o.last = &pair
	}
	if o.last == nil {
		return nil, err
	}
	return o.last, nil
}
