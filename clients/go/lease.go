package callme

import callmev1 "github.com/call-me/call-me/gen/go/callme/v1"

// A Lease is what a body holds. It is only read.
type Lease struct {
	// ID is unique on the server, and never reused.
	ID string
	// Token is a key for this one lease: enough to release it from another process, see [Client.Release].
	Token string
	// FencingToken is higher than that of every earlier grant on these environments. Hand it to what you protect, and let that refuse lower
	// ones.
	FencingToken uint64
	// Granted is all that the server said about the lease when the body began.
	Granted *callmev1.Lease
}

func newLease(granted *callmev1.Lease, token string) *Lease {
	return &Lease{ID: granted.GetId(), Token: token, FencingToken: fenceOf(granted), Granted: granted}
}

// fenceOf gives the fencing token of a grant, which is the same on all its environments.
func fenceOf(lease *callmev1.Lease) uint64 {
	var fence uint64
	for _, environment := range lease.GetEnvironments() {
		fence = max(fence, environment.GetFencingToken())
	}
	return fence
}
