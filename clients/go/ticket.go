package callme

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"google.golang.org/protobuf/proto"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// A Ticket is a place in line, or a grant, that no process keeps: what [Client.Detach] gives and [Client.PickUp] takes. Hand it on as JSON; whoever
// prints it does not see the token.
type Ticket struct {
	LeaseID string `json:"leaseId"`
	// LeaseToken opens the lease: keep it out of logs.
	LeaseToken string `json:"leaseToken"`
	// RequestID is for who has lost the token: Hold with this one, and all else that Detach was given, finds the same lease.
	RequestID string `json:"requestId"`
}

// String names the lease alone.
func (t Ticket) String() string {
	return fmt.Sprintf("the ticket of lease %s", t.LeaseID)
}

// GoString is as String.
func (t Ticket) GoString() string {
	return t.String()
}

// LogValue is as String.
func (t Ticket) LogValue() slog.Value {
	return slog.StringValue(t.String())
}

// Detach asks, as [Client.Hold] does, and leaves the place in line, or what was granted at once, to another process: see [Client.PickUp].
// Nobody gives signs of life meanwhile, so [WithTTL], [WithTicketTTL] and [WithClaimTimeout] must be given (not with [WithAutoClaim]). The
// errors are those of Hold before its body runs; what has been asked for by then is given up.
func (c *Client) Detach(ctx context.Context, environment string, options ...HoldOption) (Ticket, error) {
	return c.detach(ctx, &callmev1.Need{Environment: environment}, options)
}

// DetachAny is Detach with an environment, or [WithCount] of them, that has these labels.
func (c *Client) DetachAny(ctx context.Context, selector string, options ...HoldOption) (Ticket, error) {
	return c.detach(ctx, &callmev1.Need{Selector: selector}, options)
}

func (c *Client) detach(ctx context.Context, first *callmev1.Need, options []HoldOption) (Ticket, error) {
	asking, err := newAsking(first, options)
	if err != nil {
		return Ticket{}, err
	}
	request := asking.request
	if unsaid := !asking.ttl || request.TicketTtl == nil || request.ClaimTimeout == nil; unsaid && !request.AutoClaim {
		return Ticket{}, errors.New("callme: Detach needs WithTTL, WithTicketTTL and WithClaimTimeout: nobody renews it or keeps it in line until it is " +
			"picked up. The TTL is how long it is held if it is granted at once, the others how long it waits, and a grant of it")
	}
	answer, err := newWaiting(c.calls, asking).left(ctx)
	if err != nil {
		return Ticket{}, unheard(err, c.url)
	}
	return Ticket{LeaseID: answer.GetLease().GetId(), LeaseToken: answer.GetLeaseToken(), RequestID: request.GetRequestId()}, nil
}

// PickUp holds what another process has asked for by [Client.Detach]; from here on it is as [Client.Hold]. What has ended meanwhile is
// [*NotAcquired]. Of the options it takes WithOnWaiting alone: what is asked
// for stands already.
func (c *Client) PickUp(
	ctx context.Context, ticket Ticket, body func(ctx context.Context, lease *Lease) error, options ...HoldOption,
) error {
	if ticket.LeaseID == "" || ticket.LeaseToken == "" {
		return errors.New("callme: a ticket has a LeaseID and a LeaseToken, as Detach gave them; who has neither calls Hold with the RequestID")
	}
	asking := asking{request: &callmev1.AcquireRequest{Needs: []*callmev1.Need{{}}}, ticket: &ticket}
	for _, option := range options {
		option(&asking)
	}
	if !proto.Equal(asking.request, &callmev1.AcquireRequest{Needs: []*callmev1.Need{{}}}) {
		return errors.New("callme: PickUp takes no option that says what is asked for: that stands already")
	}
	return c.hold(ctx, asking, body)
}
