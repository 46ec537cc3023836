package callme

import (
	"context"
	"errors"
	"fmt"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// Hold waits until it holds the environment, and all others that the options ask for with it, through lost connections and restarts of the
// server. Then it runs body, in the goroutine of the caller, renews the lease as long as body runs, and releases it afterwards, even if body
// panics.
//
// The context of body is done when ctx is, when the lease is lost, with a [*LeaseLost] as its cause, or when the holder is asked to stop, with a
// [*CancelRequested] as its cause. Body must return then: others are served soon.
//
// Whatever body returns comes out unchanged, unless the lease was lost: then the error is a [*LeaseLost], together with what body returned. Of a
// body that was cancelled since it was asked to stop, it is the [*CancelRequested].
// Before body runs it can be
//
//   - [*NotAcquired], if the lease ended before it was held, or with IF_BUSY_FAIL the environment was busy;
//   - [*LeaseLost], if it ended before body could begin;
//   - the error of ctx and its cause: the place in line has been given up;
//   - the *connect.Error of a call that the server refused; or of the last one, if there was no server for 10 s.
//
// Hold returns when the release has been answered, or was tried for 10 s, or for 1 s if body never ran or the lease was lost. A release that
// gets no answer is no error: the lease ends by itself, at the latest when its ttl is over.
func (c *Client) Hold(
	ctx context.Context, environment string, body func(ctx context.Context, lease *Lease) error, options ...HoldOption,
) error {
	asking, err := newAsking(&callmev1.Need{Environment: environment}, options)
	if err != nil {
		return err
	}
	return c.hold(ctx, asking, body)
}

// HoldAny is Hold with an environment, or [WithCount] of them, that has these labels: `tier=uat,region in (eu,us),!gpu`. [Lease.Environments]
// tells which.
func (c *Client) HoldAny(
	ctx context.Context, selector string, body func(ctx context.Context, lease *Lease) error, options ...HoldOption,
) error {
	asking, err := newAsking(&callmev1.Need{Selector: selector}, options)
	if err != nil {
		return err
	}
	return c.hold(ctx, asking, body)
}

func (c *Client) hold(ctx context.Context, asking asking, body func(ctx context.Context, lease *Lease) error) error {
	if body == nil {
		return errors.New("callme: a hold needs a function to run")
	}
	keeper, granted, err := c.take(ctx, newWaiting(c.calls, asking))
	if err != nil {
		return unheard(err, c.url)
	}
	bodyCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	keeper.start(ctx, cancel, granted)
	defer c.end(ctx, keeper)
	err = func() error {
		// Also if body panics.
		defer keeper.stop()
		return body(bodyCtx, newLease(bodyCtx, granted, keeper))
	}()
	if keeper.lost != nil {
		return lostWith(keeper.lost, err)
	}
	return stoppedWith(context.Cause(bodyCtx), err)
}

// take waits until the lease is granted, and makes sure that it is ours still. One that was taken back meanwhile stands in line again: it is
// waited for on. If anything fails, the lease is given back.
func (c *Client) take(ctx context.Context, waiting *waiting) (*keeper, *callmev1.Lease, error) {
	for {
		answer, err := waiting.granted(ctx)
		if err != nil {
			return nil, nil, err
		}
		keeper := newKeeper(c.calls, answer)
		lease, err := keeper.begin(ctx)
		switch lost := (*LeaseLost)(nil); {
		case err == nil && lease.GetState() == callmev1.LeaseState_LEASE_STATE_HELD:
			if missing := missingVariables(lease); len(missing) > 0 {
				c.calls.giveBack(context.WithoutCancel(ctx), keeper.leaseID, keeper.token, nil, farewell)
				return nil, nil, lacking(lease, missing)
			}
			return keeper, lease, nil
		case err == nil:
			continue
		case !errors.As(err, &lost) || lost.EndReason == callmev1.EndReason_END_REASON_UNSPECIFIED:
			c.calls.giveBack(context.WithoutCancel(ctx), keeper.leaseID, keeper.token, nil, farewell)
		}
		return nil, nil, err
	}
}

// end releases the lease unless it is known to have ended. That ctx is done is no reason to leave it to its ttl.
func (c *Client) end(ctx context.Context, keeper *keeper) {
	if keeper.over {
		return
	}
	length := patience
	if keeper.lost != nil {
		length = farewell
	}
	c.calls.giveBack(context.WithoutCancel(ctx), keeper.leaseID, keeper.token, keeper.atRelease(), length)
}

// lostWith adds what the body returned: whatever went wrong once the lease was lost, most likely went wrong because of that. Its
// context.Canceled stays in the text alone, so that only who was cancelled from outside finds it with errors.Is.
func lostWith(lost *LeaseLost, err error) error {
	var told *LeaseLost
	switch {
	case err == nil, err == context.Canceled:
		return lost
	case errors.As(err, &told) && told == lost:
		return err
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%w; then the body returned: %v", lost, err)
	default:
		return fmt.Errorf("%w; then the body returned: %w", lost, err)
	}
}

// stoppedWith adds the cause to what a body returned that was cancelled since somebody asked the holder to stop.
func stoppedWith(cause, err error) error {
	var asked, told *CancelRequested
	switch {
	case !errors.As(cause, &asked), !errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &told):
		return err
	case err == context.Canceled:
		return asked
	default:
		return fmt.Errorf("%w; then the body returned: %v", asked, err)
	}
}
