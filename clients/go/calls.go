package callme

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
	"github.com/call-me/call-me/gen/go/callme/v1/callmev1connect"
)

const (
	// callTimeout is how long an Acquire may take before it is sent again, beside the time that it asks the server to wait.
	callTimeout = 5 * time.Second
	// releaseTimeout is the same for Release.
	releaseTimeout = 2 * time.Second
	// silence is how long a stream may say nothing before it counts as dead: the server sends a heartbeat every 15 s.
	silence = 40 * time.Second
)

var errSilent = errors.New("the stream was silent for 40 s")

// calls are those that a hold makes. Each has its limit of time, and all but acquire are opened by the lease's token.
type calls struct {
	locks callmev1connect.LockServiceClient
	// idle closes the connections that are kept for the next call.
	idle func()
}

// unanswered looks at what came of a call. Where there was no answer, the connections that are kept are most likely as dead as that one was,
// and each would cost the next calls as long.
func (c calls) unanswered(err error) error {
	if err != nil && connect.CodeOf(err) == connect.CodeDeadlineExceeded {
		c.idle()
	}
	return err
}

// withToken lets a lease's token open a call, whatever key the client has.
func withToken[T any](message *T, token string) *connect.Request[T] {
	request := connect.NewRequest(message)
	request.Header().Set(keyHeader, token)
	return request
}

func (c calls) acquire(ctx context.Context, request *callmev1.AcquireRequest, timeout time.Duration) (*callmev1.AcquireResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := c.locks.Acquire(ctx, connect.NewRequest(request))
	if c.unanswered(err) != nil {
		return nil, err
	}
	return answer.Msg, nil
}

// look is a sign of life, and claims an offer.
func (c calls) look(ctx context.Context, ticket Ticket, timeout time.Duration) (*callmev1.AcquireResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := c.locks.GetLease(ctx, withToken(&callmev1.GetLeaseRequest{LeaseId: ticket.LeaseID}, ticket.LeaseToken))
	if c.unanswered(err) != nil {
		return nil, err
	}
	return &callmev1.AcquireResponse{Lease: answer.Msg.GetLease(), LeaseToken: ticket.LeaseToken}, nil
}

func (c calls) renew(
	ctx context.Context, leaseID, token string, facts map[string]string, timeout time.Duration,
) (*callmev1.Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := c.locks.Renew(ctx, withToken(&callmev1.RenewRequest{LeaseId: leaseID, Facts: facts}, token))
	if c.unanswered(err) != nil {
		return nil, err
	}
	return answer.Msg.GetLease(), nil
}

func (c calls) release(ctx context.Context, leaseID, token string, facts map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, releaseTimeout)
	defer cancel()
	_, err := c.locks.Release(ctx, withToken(&callmev1.ReleaseRequest{LeaseId: leaseID, Facts: facts}, token))
	return c.unanswered(err)
}

// giveBack releases a lease, again and again until the server has answered, or for so long, or until ctx is done. By lease id that is safe
// to repeat. There is no error: a lease whose Release gets no answer ends by itself. Facts that the server refuses keep nobody waiting.
func (c calls) giveBack(ctx context.Context, leaseID, token string, facts map[string]string, length time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, length)
	defer cancel()
	release := func(facts map[string]string) error {
		return persist(ctx, func(ctx context.Context) error { return c.release(ctx, leaseID, token, facts) })
	}
	if err := release(facts); err != nil && len(facts) > 0 {
		_ = release(nil)
	}
}

// watch shows a lease as it changes until see has seen enough; then, and when the server ends the stream, without an error.
func (c calls) watch(ctx context.Context, leaseID, token string, see func(*callmev1.Lease) (enough bool)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	// Close would wait for the end of a stream that was not cancelled before.
	defer cancel(nil)
	silent := time.AfterFunc(silence, func() {
		cancel(errSilent)
		c.idle()
	})
	defer silent.Stop()
	stream, err := c.locks.WatchLease(ctx, withToken(&callmev1.WatchLeaseRequest{LeaseId: leaseID}, token))
	if err != nil {
		return err
	}
	defer func() {
		cancel(nil)
		_ = stream.Close()
	}()
	for stream.Receive() {
		silent.Reset(silence)
		if lease := stream.Msg().GetLease(); lease != nil && see(lease) {
			return nil
		}
	}
	if errors.Is(context.Cause(ctx), errSilent) {
		return connect.NewError(connect.CodeUnavailable, errSilent)
	}
	return stream.Err()
}
