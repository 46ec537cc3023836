package callme

import (
	"context"
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
	// trouble is what kept the last Renew from being answered.
	trouble error
	// tell cancels the body.
	tell    context.CancelCauseFunc
	renewed chan renewal
	ended   chan *LeaseLost
	running sync.WaitGroup
	cancel  context.CancelFunc
}

// A renewal is a Renew and what came of it.
type renewal struct {
	sentAt time.Time
	lease  *callmev1.Lease
	err    error
}

func newKeeper(calls calls, granted *callmev1.AcquireResponse) *keeper {
	lease := granted.GetLease()
	return &keeper{
		calls:   calls,
		leaseID: lease.GetId(),
		token:   granted.GetLeaseToken(),
		term:    term{ttl: lease.GetTtl().AsDuration()},
		renewed: make(chan renewal),
		ended:   make(chan *LeaseLost),
	}
}

// begin renews once, before anything relies on the lease: a grant may have been long on its way to us, only a Renew of our own tells when the
// time began. The error is a LeaseLost if the lease has ended, or its time is as good as over.
func (k *keeper) begin(ctx context.Context) (*callmev1.Lease, error) {
	var first renewal
	err := persist(ctx, func(ctx context.Context) error {
		first = k.renew(ctx, k.term.timeout())
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
	k.term.renewed(first.sentAt, first.lease)
	if !k.term.endless() && !time.Now().Before(k.term.cancelAt()) {
		return nil, &LeaseLost{LeaseID: k.leaseID, Why: "its time was as good as over before the body could begin"}
	}
	return first.lease, nil
}

// start goes on renewing until stop, whatever becomes of ctx: as long as the body runs, the lease is needed.
func (k *keeper) start(ctx context.Context, tell context.CancelCauseFunc) {
	k.tell = tell
	ctx, k.cancel = context.WithCancel(context.WithoutCancel(ctx))
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

// keep returns when the server has said that the lease has ended, or when ctx is done. One that was lost by time is renewed still, if that can
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
			if answer.err == nil {
				k.trouble = nil
				k.term.renewed(answer.sentAt, answer.lease)
				renew.Reset(k.term.renewIn())
				alarm.Reset(time.Until(k.term.cancelAt()))
			} else if verdict := verdictOf(answer.err, k.leaseID); verdict != nil {
				k.judge(verdict)
				return
			} else if answer.sentAt.After(k.term.sentAt) {
				k.trouble = answer.err
			}
		case verdict := <-k.ended:
			k.judge(verdict)
			return
		case <-alarm.C:
			k.expire()
		}
	}
}

// judge loses nothing if the lease was RELEASED: whoever gave it back had our token or key, for example the body itself before its last
// steps, so there is no reason to stop it.
func (k *keeper) judge(verdict *LeaseLost) {
	k.over = true
	if verdict.EndReason != callmev1.EndReason_END_REASON_RELEASED {
		k.lose(verdict)
	}
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

func (k *keeper) renew(ctx context.Context, timeout time.Duration) renewal {
	sentAt := time.Now()
	lease, err := k.calls.renew(ctx, k.leaseID, k.token, timeout)
	return renewal{sentAt, lease, err}
}

// send renews in a goroutine of its own.
func (k *keeper) send(ctx context.Context) {
	timeout := k.term.timeout()
	k.running.Add(1)
	go func() {
		defer k.running.Done()
		answer := k.renew(ctx, timeout)
		select {
		case k.renewed <- answer:
		case <-ctx.Done():
		}
	}()
}

// follow hears of an end at once, and not only when the next Renew is due: after ForceRelease others may be served within seconds.
func (k *keeper) follow(ctx context.Context) {
	for pause := (backoff{}); ctx.Err() == nil; {
		var end *LeaseLost
		begun := time.Now()
		err := k.calls.watch(ctx, k.leaseID, k.token, func(lease *callmev1.Lease) bool {
			if lease.GetState() == callmev1.LeaseState_LEASE_STATE_ENDED {
				end = &LeaseLost{LeaseID: k.leaseID, EndReason: lease.GetEndReason(), Why: ending(lease)}
			}
			return end != nil
		})
		if end == nil && err != nil {
			end = verdictOf(err, k.leaseID)
		}
		if end != nil {
			select {
			case k.ended <- end:
			case <-ctx.Done():
			}
			return
		}
		if err != nil && !isTransient(err) {
			return // Renewals tell what is wrong.
		}
		pause.lasted(time.Since(begun))
		if pause.wait(ctx) != nil {
			return
		}
	}
}

// silence says why the time is over without a word from the server.
func (k *keeper) silence() string {
	switch {
	case k.trouble != nil:
		return "no contact with the server: " + messageOf(k.trouble)
	case k.term.capped:
		return "it cannot be renewed any further: max_hold is reached"
	default:
		return "no contact with the server: no answer"
	}
}
