package callme

import (
	"context"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// waiting is a place in line, from the first Acquire to the grant.
type waiting struct {
	calls  calls
	asking asking
	// last is what the server said last; nil before its first answer.
	last *callmev1.AcquireResponse
	// until is when to stand in line no longer, with IF_BUSY_FAIL.
	until time.Time
	// limit is when it makes no sense any more to look for a server that is out of reach; never if it is zero.
	limit time.Time
	pause backoff
}

func newWaiting(calls calls, asking asking) *waiting {
	until := time.Now().Add(asking.request.GetWait().AsDuration())
	return &waiting{calls: calls, asking: asking, until: until, limit: until.Add(patience)}
}

// granted waits through lost connections and restarts of the server until the lease is HELD; asked again, until it is once more. If it returns
// an error, the place in line has been given up.
func (w *waiting) granted(ctx context.Context) (*callmev1.AcquireResponse, error) {
	if ctx.Err() != nil {
		return nil, interrupted(ctx)
	}
	// An Acquire may still answer for a moment when we give up: only then is it known which lease to withdraw.
	longer, cancel := outlive(ctx, farewell)
	defer cancel()
	err := w.settle(ctx, longer, true)
	switch state := w.last.GetLease().GetState(); {
	case err == nil && state == callmev1.LeaseState_LEASE_STATE_HELD:
		return w.last, nil
	case err == nil:
		return nil, &NotAcquired{Reason: endReasonName(w.last.GetLease().GetEndReason()), Lease: w.last.GetLease()}
	}
	w.giveUp(longer)
	return nil, err
}

// left asks, and leaves the place in line to whoever picks it up. If it returns an error, it has been given up.
func (w *waiting) left(ctx context.Context) (*callmev1.AcquireResponse, error) {
	if ctx.Err() != nil {
		return nil, interrupted(ctx)
	}
	longer, cancel := outlive(ctx, farewell)
	defer cancel()
	if err := w.settle(ctx, longer, false); err != nil {
		w.giveUp(longer)
		return nil, err
	}
	if lease := w.last.GetLease(); lease.GetState() == callmev1.LeaseState_LEASE_STATE_ENDED {
		return nil, &NotAcquired{Reason: endReasonName(lease.GetEndReason()), Lease: lease}
	}
	return w.last, nil
}

func (w *waiting) giveUp(ctx context.Context) {
	if lease := w.last.GetLease(); lease != nil && lease.GetState() != callmev1.LeaseState_LEASE_STATE_ENDED {
		w.calls.giveBack(ctx, lease.GetId(), w.last.GetLeaseToken(), nil, farewell)
	}
}

// settle returns when the lease is HELD or ENDED or, where nobody stays, when it is in line. Whatever happens to the stream, Acquire is sent again: with the same request_id that is
// safe, a sign of life, and tells the truth.
func (w *waiting) settle(ctx, longer context.Context, stays bool) error {
	var err error
	for again := w.last != nil; ; again = true {
		if again && w.pause.wait(ctx, err) != nil {
			return interrupted(ctx)
		}
		err = w.ask(longer)
		if err == nil && ctx.Err() == nil && stays && !w.settled() {
			begun := time.Now()
			err = w.follow(ctx)
			w.pause.lasted(time.Since(begun))
		}
		switch {
		case ctx.Err() != nil:
			return interrupted(ctx)
		case err == nil && (w.settled() || !stays):
			return nil
		case refusalOf(err) != nil:
			return refusalOf(err)
		case err != nil && !isTransient(err):
			return err
		case err != nil && !w.limit.IsZero() && !time.Now().Before(w.limit):
			if w.last == nil {
				return err
			}
			return &NotAcquired{Lease: w.last.GetLease(), trouble: err}
		}
	}
}

func (w *waiting) ask(ctx context.Context) error {
	request, timeout := w.asking.request, callTimeout
	if request.GetWait() != nil {
		// What is left of it: the wait is no part of what a request_id stands for.
		left := max(0, time.Until(w.until))
		request = proto.CloneOf(request)
		request.Wait = durationpb.New(left)
		timeout += left
	}
	if !w.limit.IsZero() {
		timeout = min(timeout, max(farewell, time.Until(w.limit)))
	}
	answer, err := w.send(ctx, request, timeout)
	if err != nil {
		return err
	}
	if w.last == nil {
		w.limit = time.Time{}
		if length := answer.GetLease().GetQueueTimeout(); length != nil {
			// The server's own timer comes first; ours is for when it cannot be heard.
			w.limit = time.Now().Add(laterBy(answer.GetLease()) + length.AsDuration() + farewell)
		}
	}
	w.see(answer)
	return nil
}

func (w *waiting) send(ctx context.Context, request *callmev1.AcquireRequest, timeout time.Duration) (*callmev1.AcquireResponse, error) {
	if w.asking.ticket != nil {
		return w.calls.look(ctx, *w.asking.ticket, timeout)
	}
	answer, err := w.calls.acquire(ctx, request, timeout)
	if w.last != nil && (isTokenError(err) || connect.CodeOf(err) == connect.CodeUnauthenticated) {
		// Who we are may be known no longer, as a CI job's token ends before its waiting does; the place is ours by its own token.
		return w.calls.look(ctx, Ticket{LeaseID: w.last.GetLease().GetId(), LeaseToken: w.last.GetLeaseToken()}, timeout)
	}
	return answer, err
}

// laterBy is how long after it was asked for a reservation enters the line: its queue_timeout runs from then.
func laterBy(lease *callmev1.Lease) time.Duration {
	if lease.GetNotBefore() == nil || lease.GetCreatedAt() == nil {
		return 0
	}
	return max(0, lease.GetNotBefore().AsTime().Sub(lease.GetCreatedAt().AsTime()))
}

// follow returns when the lease is settled, or the stream has ended.
func (w *waiting) follow(ctx context.Context) error {
	if !w.limit.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, w.limit)
		defer cancel()
	}
	token := w.last.GetLeaseToken()
	return w.calls.watch(ctx, w.last.GetLease().GetId(), token, func(lease *callmev1.Lease) bool {
		w.see(&callmev1.AcquireResponse{Lease: lease, LeaseToken: token})
		return w.settled()
	})
}

func (w *waiting) see(answer *callmev1.AcquireResponse) {
	before, now := w.last.GetLease(), answer.GetLease()
	w.last = answer
	moved := before.GetPosition() != now.GetPosition() || before.GetQueueLength() != now.GetQueueLength()
	if tell := w.asking.onWaiting; tell != nil && moved && now.GetState() == callmev1.LeaseState_LEASE_STATE_QUEUED {
		tell(now)
	}
}

func (w *waiting) settled() bool {
	state := w.last.GetLease().GetState()
	return state == callmev1.LeaseState_LEASE_STATE_HELD || state == callmev1.LeaseState_LEASE_STATE_ENDED
}
