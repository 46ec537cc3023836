package callme

import (
	"fmt"
	"time"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// CancelRequested says that the holder was asked to stop, for a newer request with its supersede key ([WithSupersede]). It is the cause of the
// body's context, and the error of the hold if the body was cancelled by it; find it with [errors.As]. The lease is kept until the body has
// returned, or the deadline has passed.
type CancelRequested struct {
	// LeaseID is the id of the lease that is to be given back.
	LeaseID string
	// By tells who asks: the principal, holder and lease of the newer request.
	By *callmev1.EndedBy
	// Reason says why, in words.
	Reason string
	// Deadline is when the lease ends at the latest; zero if nobody has said.
	Deadline time.Time
}

// Error says who asks, and why.
func (e *CancelRequested) Error() string {
	who := e.By.GetHolder().GetName()
	if who == "" {
		who = knownAs(e.By)
	}
	return fmt.Sprintf("callme: lease %s: asked to stop by %s: %s", e.LeaseID, who, e.Reason)
}

func newCancelRequested(leaseID string, request *callmev1.CancelRequest) *CancelRequested {
	asked := &CancelRequested{LeaseID: leaseID, By: request.GetBy(), Reason: request.GetReason()}
	if request.GetDeadline() != nil {
		asked.Deadline = request.GetDeadline().AsTime()
	}
	return asked
}
