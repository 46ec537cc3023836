package callme

import (
	"context"
	"fmt"
	"sync"
	"time"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// A keeper renews a HELD lease every third of its ttl, and cancels the body when the lease is lost: ended by somebody else, or not renewed
// in time.
//
// One goroutine owns the term and the timers, so nothing needs a lock. Beside it there is one that follows the lease, and one for each Renew
// under way.
type keeper struct {
	calls   calls
	leaseID string
	token   string

	// lost is why it was lost, if it was. To be read after stop, as over is.
	lost *LeaseLost
	// over tells that the server said so itself: there is nothing to release.
	over bool

	term term
	// fence is the fencing token that the body was given.
	fence uint64
	// trouble is what kept the last Renew from being answered.
	trouble error
	// asked tells that the holder has been asked to stop.
	asked bool
	// tell cancels the body.
	tell    context.CancelCauseFunc
	renewed chan renewal
	told    chan verdict
	// asks passes on that the stream has told of who asks the holder to stop.
	asks    chan *callmev1.CancelRequest
	running sync.WaitGroup
	cancel  context.CancelFunc
	// kept is done when nothing is renewed any more.
	kept context.Context
	// telling lets facts be told one after the other; it guards what is to be told with the release.
	telling sync.Mutex
	leaving map[string]string
}

// A renewal is a Renew and what came of it.
type renewal struct {
	sentAt time.Time
	lease  *callmev1.Lease
	err    error
}

// A verdict is what the server says of a lease that is lost.
type verdict struct {
	lost *LeaseLost
	// over tells that the lease has ended: there is nothing to release.
	over bool
}

func newKeeper(calls calls, granted *callmev1.AcquireResponse) *keeper {
	lease := granted.GetLease()
	return &keeper{
		calls:   calls,
		leaseID: lease.GetId(),
		token:   granted.GetLeaseToken(),
		term:    term{ttl: lease.GetTtl().AsDuration()},
		renewed: make(chan renewal),
		told:    make(chan verdict),
		asks:    make(chan *callmev1.CancelRequest),
	}
}

// begin renews once, before anything relies on the lease: a grant may have been long on its way to us, only a Renew of our own tells when the
// time began, and that it was not taken back: look at the state. The error is a LeaseLost if the lease has ended, or its time is as good as over.
func (k *keeper) begin(ctx context.Context) (*callmev1.Lease, error) {
	var first renewal
	err := persist(ctx, func(ctx context.Context) error {
		first = k.renew(ctx, nil, k.term.timeout())
		return first.err
	})
	if ctx.Err() != nil {
		return nil, interrupted(ctx)
	}
	if err != nil {
		if lost := verdictOf(err, k.leaseID); lost != nil {
			return nil, lost
		}
		return nil, err
	}
	if first.lease.GetState() != callmev1.LeaseState_LEASE_STATE_HELD {
		return first.lease, nil
	}
	k.fence = fenceOf(first.lease)
	k.term.renewed(first.sentAt, first.lease)
	if !k.term.endless() && !time.Now().Before(k.term.cancelAt()) {
		return nil, &LeaseLost{LeaseID: k.leaseID, Why: "its time was as good as over before the body could begin"}
	}
	return first.lease, nil
}

// start goes on renewing until stop, whatever becomes of ctx: as long as the body runs, the lease is needed.
func (k *keeper) start(ctx context.Context, tell context.CancelCauseFunc, granted *callmev1.Lease) {
	k.tell = tell
	k.ask(granted.GetCancelRequested())
	ctx, k.cancel = context.WithCancel(context.WithoutCancel(ctx))
	k.kept = ctx
	k.running.Add(2)
	go func() {
		defer k.running.Done()
		k.follow(ctx)
	}()
	go func() {
		defer k.running.Done()
		k.keep(ctx)
		k.cancel()
	}()
}

// stop ends all renewing, and returns when nothing of it runs any more. The clock is judge too: in a process that was stopped, the
// body can return before the alarm goes off.
func (k *keeper) stop() {
	now := time.Now()
	k.cancel()
	k.running.Wait()
	if !k.over && !k.term.endless() && !now.Before(k.term.cancelAt()) {
		k.expire()
	}
}

// keep returns when the server has said that the lease has ended or was taken back, or when ctx is done. One that was lost by time is renewed still, if that can
// be, as long as something may run on it: so nobody else is served meanwhile.
func (k *keeper) keep(ctx context.Context) {
	renew, alarm := time.NewTimer(k.term.renewIn()), time.NewTimer(time.Until(k.term.cancelAt()))
	defer renew.Stop()
	defer alarm.Stop()
	if k.term.endless() {
		renew.Stop()
		alarm.Stop()
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-renew.C:
			// It does not wait for the answer to send the next: where a connection is dead without a word, none ever comes.
			k.send(ctx)
			renew.Reset(k.term.retryIn())
		case answer := <-k.renewed:
			if found := k.verdictOn(answer.lease, answer.err); found != nil {
				k.judge(*found)
				return
			} else if answer.err == nil {
				k.trouble = nil
				k.term.renewed(answer.sentAt, answer.lease)
				k.ask(answer.lease.GetCancelRequested())
				renew.Reset(k.term.renewIn())
				alarm.Reset(time.Until(k.term.cancelAt()))
			} else if answer.sentAt.After(k.term.sentAt) {
				k.trouble = answer.err
			}
		case request := <-k.asks:
			k.ask(request)
		case found := <-k.told:
			k.judge(found)
			return
		case <-alarm.C:
			k.expire()
		}
	}
}

// judge loses nothing if the lease was released with its own token, for example by the body before its last steps: there is no reason to stop
// it.
func (k *keeper) judge(found verdict) {
	k.over = found.over
	if !found.lost.givenBack {
		k.lose(found.lost)
	}
}

// verdictOn tells whether the server speaks of a lease that the body holds no more: it has ended, or is unknown, or was taken back, for example
// by a server that did not learn that its grant had arrived. The next grant is another one, others may have been served in between.
func (k *keeper) verdictOn(lease *callmev1.Lease, err error) *verdict {
	lost := &LeaseLost{LeaseID: k.leaseID}
	switch state, fence := lease.GetState(), fenceOf(lease); {
	case err != nil:
		if lost = verdictOf(err, k.leaseID); lost == nil {
			return nil
		}
		return &verdict{lost: lost, over: true}
	case lease == nil:
		return nil
	case state == callmev1.LeaseState_LEASE_STATE_ENDED:
		lost.EndReason, lost.Why = lease.GetEndReason(), ending(lease)
		lost.givenBack = lost.EndReason == callmev1.EndReason_END_REASON_RELEASED &&
			(lease.GetEndedBy() == nil || lease.GetEndedBy().GetLeaseId() == lease.GetId())
		return &verdict{lost: lost, over: true}
	case state != callmev1.LeaseState_LEASE_STATE_HELD:
		lost.Why = "it was taken back, and stands in line again"
	case fence != k.fence:
		lost.Why = fmt.Sprintf("it was taken back, and granted anew with another fencing token: %d instead of %d", fence, k.fence)
	default:
		return nil
	}
	return &verdict{lost: lost}
}

// ask cancels the body, the first time that somebody asks the holder to stop. The lease is kept until the body has ended.
func (k *keeper) ask(request *callmev1.CancelRequest) {
	if request == nil || k.asked {
		return
	}
	k.asked = true
	k.tell(newCancelRequested(k.leaseID, request))
}

// expire loses it by time.
func (k *keeper) expire() {
	k.lose(&LeaseLost{LeaseID: k.leaseID, Why: k.silence()})
}

// lose cancels the body, the first time.
func (k *keeper) lose(lost *LeaseLost) {
	if k.lost == nil {
		k.lost = lost
		k.tell(lost)
	}
}

func (k *keeper) renew(ctx context.Context, facts map[string]string, timeout time.Duration) renewal {
	sentAt := time.Now()
	lease, err := k.calls.renew(ctx, k.leaseID, k.token, facts, timeout)
	return renewal{sentAt, lease, err}
}

// send renews in a goroutine of its own.
func (k *keeper) send(ctx context.Context) {
	timeout := k.term.timeout()
	k.running.Add(1)
	go func() {
		defer k.running.Done()
		answer := k.renew(ctx, nil, timeout)
		select {
		case k.renewed <- answer:
		case <-ctx.Done():
		}
	}()
}

// follow hears of an end at once, and not only when the next Renew is due: after ForceRelease others may be served within seconds.
func (k *keeper) follow(ctx context.Context) {
	for pause := (backoff{}); ctx.Err() == nil; {
		var found *verdict
		begun := time.Now()
		err := k.calls.watch(ctx, k.leaseID, k.token, func(lease *callmev1.Lease) bool {
			found = k.verdictOn(lease, nil)
			if request := lease.GetCancelRequested(); found == nil && request != nil {
				select {
				case k.asks <- request:
				case <-ctx.Done():
				}
			}
			return found != nil
		})
		if found == nil && err != nil {
			found = k.verdictOn(nil, err)
		}
		if found != nil {
			select {
			case k.told <- *found:
			case <-ctx.Done():
			}
			return
		}
		if err != nil && !isTransient(err) {
			return // Renewals tell what is wrong.
		}
		pause.lasted(time.Since(begun))
		if pause.wait(ctx, nil) != nil {
			return
		}
	}
}

// silence says why the time is over without a word from the server.
func (k *keeper) silence() string {
	switch {
	case k.trouble != nil:
		return "no contact with the server: " + messageOf(k.trouble)
	case k.asked:
		return "it was to stop by now, as it was asked to"
	case k.term.capped:
		return "it cannot be renewed any further: max_hold or not_after is reached"
	default:
		return "no contact with the server: no answer"
	}
}
