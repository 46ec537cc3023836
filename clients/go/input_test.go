package callme

import (
	"context"
	"strings"
	"testing"
	"time"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

func TestWhatCannotBeAskedIsRefusedAtOnce(t *testing.T) {
	// Nobody answers there: what is sent would be tried for 10 s.
	client, err := New(WithURL("http://127.0.0.1:1"), WithKey(""))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	body := func(context.Context, *Lease) error { return nil }
	for want, got := range map[string]error{
		"invalid UTF-8":    client.Hold(ctx, "\xff", body),
		"needs a function": client.Hold(ctx, "uat", nil),
		"goes with IF_BUSY_FAIL; WithQueueTimeout": client.Hold(ctx, "uat", body, WithWait(time.Second)),
		"the wait is 1m30s, and at most 1m0s": client.Hold(
			ctx, "uat", body, WithWait(90*time.Second), WithIfBusy(callmev1.IfBusy_IF_BUSY_FAIL),
		),
	} {
		if got == nil || !strings.Contains(got.Error(), want) {
			t.Errorf("%v instead of an error with %q", got, want)
		}
	}
}

func TestKeyIsOneLineOfVisibleASCII(t *testing.T) {
	for _, key := range []string{"two\nlines", "two words", "schlüssel"} {
		if _, err := New(WithKey(key)); err == nil || !strings.Contains(err.Error(), "visible ASCII") || strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", key, err)
		}
	}
	for given, want := range map[string]string{" crj\r\n": "crj", "": ""} {
		if key, err := keyOf(given); key != want || err != nil {
			t.Errorf("%q became %q, %v", given, key, err)
		}
	}
}
