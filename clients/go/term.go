package callme

import (
	"time"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// A term is how long a lease may be relied on. Its times are of the monotonic clock.
//
// The server counts from when it got a Renew, we from when we sent it; so our deadline comes before the server's. It follows what the server
// says is left, so it also holds where max_hold or not_after ends all renewing.
type term struct {
	ttl time.Duration
	// sentAt is when the latest answered Renew was sent.
	sentAt time.Time
	// deadline is when the lease may end on the server at the earliest; zero before the first Renew, and for a lease without a ttl.
	deadline time.Time
	// capped tells that max_hold or not_after lets no further Renew extend it.
	capped bool
}

// renewed takes the answer to a Renew. Answers may overtake each other, but no Renew ever shortens a lease: the latest deadline is right.
func (t *term) renewed(sentAt time.Time, lease *callmev1.Lease) {
	if lease.GetTtl() == nil {
		return
	}
	t.ttl = lease.GetTtl().AsDuration()
	left := lease.GetTtlRemaining().AsDuration()
	t.capped = isCapped(lease)
	if sentAt.After(t.sentAt) {
		t.sentAt = sentAt
	}
	if deadline := sentAt.Add(left); deadline.After(t.deadline) {
		t.deadline = deadline
	}
}

// isCapped compares the server's own times: how they relate to our clock doesn't matter.
func isCapped(lease *callmev1.Lease) bool {
	granted, expires, longest := lease.GetGrantedAt(), lease.GetExpiresAt(), lease.GetMaxHold()
	if end := lease.GetNotAfter(); end != nil && expires != nil && !expires.AsTime().Before(end.AsTime()) {
		return true
	}
	if granted == nil || expires == nil || longest == nil {
		return false
	}
	return expires.AsTime().Sub(granted.AsTime()) >= longest.AsDuration()
}

// endless tells whether the lease has no ttl, so that there is nothing to renew.
func (t *term) endless() bool {
	return t.deadline.IsZero()
}

// renewIn is when the next Renew is due.
func (t *term) renewIn() time.Duration {
	return time.Until(t.sentAt.Add(t.ttl / 3))
}

// retryIn is when a Renew without an answer is sent again.
func (t *term) retryIn() time.Duration {
	return max(50*time.Millisecond, t.ttl/40)
}

// timeout is when a Renew is given up.
func (t *term) timeout() time.Duration {
	return min(max(time.Second, t.ttl/10), 5*time.Second)
}

// cancelAt is when the body is cancelled: early enough to be told, and then to stop.
func (t *term) cancelAt() time.Time {
	stopping := max(500*time.Millisecond, t.ttl/20)
	telling := min(3*time.Second, t.ttl/10)
	return t.deadline.Add(-stopping - telling)
}
