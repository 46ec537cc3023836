package callme

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// A Lease is what a body holds. Its fields are only read. Whoever prints it sees neither token nor variables.
type Lease struct {
	// ID is unique on the server, and never reused.
	ID string
	// Token is a key for this one lease: enough to release it from another process, see [Client.Release].
	Token string `json:"-"`
	// FencingToken is higher than that of every earlier grant on these environments. Hand it to what you protect, and let that refuse lower
	// ones.
	FencingToken uint64
	// Environments are what is held, in the order in which it was asked for: of a selector, what was chosen.
	Environments []Environment
	// Granted is all that the server said about the lease when the body began, but for the variables.
	Granted *callmev1.Lease

	keeper *keeper
	// body is the context of the body.
	body context.Context
	// leased is what the server said of the environments, with their variables.
	leased func() []*callmev1.LeasedEnvironment
}

func newLease(body context.Context, granted *callmev1.Lease, keeper *keeper) *Lease {
	return &Lease{
		ID:           granted.GetId(),
		Token:        keeper.token,
		FencingToken: fenceOf(granted),
		Environments: newEnvironments(granted.GetEnvironments()),
		Granted:      withoutVariables(granted),
		keeper:       keeper,
		body:         body,
		leased:       granted.GetEnvironments,
	}
}

// String names the lease, and what it holds.
func (l Lease) String() string {
	names := make([]string, 0, len(l.Environments))
	for _, environment := range l.Environments {
		names = append(names, environment.Name)
	}
	return fmt.Sprintf("lease %s on %s", l.ID, strings.Join(names, ", "))
}

// GoString is as String.
func (l Lease) GoString() string {
	return l.String()
}

// LogValue is as String.
func (l Lease) LogValue() slog.Value {
	return slog.StringValue(l.String())
}

// fenceOf gives the fencing token of a grant, which is the same on all its environments.
func fenceOf(lease *callmev1.Lease) uint64 {
	var fence uint64
	for _, environment := range lease.GetEnvironments() {
		fence = max(fence, environment.GetFencingToken())
	}
	return fence
}
