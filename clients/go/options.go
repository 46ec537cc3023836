package callme

import (
	"crypto/rand"
	"fmt"
	"os"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// A HoldOption says how to ask for environments. Most are the fields of AcquireRequest, where the server's limits and defaults are told.
type HoldOption func(*asking)

// asking is what a hold sends, the same with each try, and whom, if anybody, it tells about the waiting.
type asking struct {
	request   *callmev1.AcquireRequest
	onWaiting func(*callmev1.Lease)
	// ttl tells that one was given.
	ttl bool
	// ticket is what is picked up, instead of the request.
	ticket *Ticket
}

// newAsking gives an error for what cannot be meant, and for what cannot be sent, a text that is not UTF-8: connect-go would call that trouble
// with the server.
func newAsking(first *callmev1.Need, options []HoldOption) (asking, error) {
	a := asking{request: &callmev1.AcquireRequest{Needs: []*callmev1.Need{first}}}
	for _, option := range options {
		option(&a)
	}
	if !a.ttl && !a.request.AutoClaim {
		a.request.Ttl = durationpb.New(time.Minute)
	}
	if a.request.RequestId == "" {
		a.request.RequestId = rand.Text()
	}
	a.request.Holder = describeHolder(os.Getenv, a.request.GetHolder())
	if err := checkWait(a.request); err != nil {
		return a, err
	}
	if _, err := proto.Marshal(a.request); err != nil {
		return a, fmt.Errorf("callme: this cannot be asked for: %w", err)
	}
	return a, nil
}

// longestWait is how long a call may stand in line.
const longestWait = time.Minute

func checkWait(request *callmev1.AcquireRequest) error {
	wait := request.GetWait().AsDuration()
	switch {
	case request.GetWait() == nil:
		return nil
	case request.GetIfBusy() != callmev1.IfBusy_IF_BUSY_FAIL:
		return fmt.Errorf("callme: a wait of %v goes with IF_BUSY_FAIL; WithQueueTimeout limits how long to stand in line", wait)
	case wait > longestWait:
		return fmt.Errorf("callme: the wait is %v, and at most %v; to wait longer, WithQueueTimeout, without IF_BUSY_FAIL", wait, longestWait)
	default:
		return nil
	}
}

// WithSlots asks for that many slots of the environment, or of each that the selector of HoldAny takes, instead of one.
func WithSlots(slots uint32) HoldOption {
	return func(a *asking) { a.request.Needs[0].Slots = slots }
}

// WithNeed asks for one more environment, and for that many slots of it: all are granted together, or none.
func WithNeed(environment string, slots uint32) HoldOption {
	return func(a *asking) {
		a.request.Needs = append(a.request.Needs, &callmev1.Need{Environment: environment, Slots: slots})
	}
}

// WithCount asks for that many different environments by the selector of HoldAny, instead of one.
func WithCount(count uint32) HoldOption {
	return func(a *asking) { a.request.Needs[0].Count = count }
}

// WithSelector asks for that many more environments that have these labels, and for that many slots of each: all are granted together, or
// none.
func WithSelector(selector string, count, slots uint32) HoldOption {
	return func(a *asking) {
		a.request.Needs = append(a.request.Needs, &callmev1.Need{Selector: selector, Count: count, Slots: slots})
	}
}

// WithPool names the pool of the environments; theirs unless given.
func WithPool(pool string) HoldOption {
	return func(a *asking) { a.request.Pool = pool }
}

// WithTTL says how long the lease outlives its last renewal, for example when this process dies; a minute, or with
// [WithAutoClaim] until its not_after, unless given.
func WithTTL(ttl time.Duration) HoldOption {
	return func(a *asking) { a.request.Ttl, a.ttl = durationpb.New(ttl), true }
}

// WithMaxHold says how long it can be held with any number of renewals; 4 h, or what the environment says, unless given.
func WithMaxHold(length time.Duration) HoldOption {
	return func(a *asking) { a.request.MaxHold = durationpb.New(length) }
}

// WithIfBusy says what to do if it is busy: with IF_BUSY_FAIL the hold ends with [*NotAcquired], at once or after [WithWait], instead of waiting
// for as long as it takes.
func WithIfBusy(ifBusy callmev1.IfBusy) HoldOption {
	return func(a *asking) { a.request.IfBusy = ifBusy }
}

// WithWait says, with IF_BUSY_FAIL, how long to stand in line before that, at most a minute. Nothing tells of the position meanwhile.
func WithWait(length time.Duration) HoldOption {
	return func(a *asking) { a.request.Wait = durationpb.New(length) }
}

// WithQueueTimeout says how long to wait in line; for ever unless given. Then the hold ends with [*NotAcquired].
func WithQueueTimeout(length time.Duration) HoldOption {
	return func(a *asking) { a.request.QueueTimeout = durationpb.New(length) }
}

// WithTicketTTL says how long the place in line outlives a lost connection; a minute unless given.
func WithTicketTTL(length time.Duration) HoldOption {
	return func(a *asking) { a.request.TicketTtl = durationpb.New(length) }
}

// WithClaimTimeout says how long a grant waits for a client that is out of contact; 5 s unless given. Then the next one is served, and this
// one in its old place, when it is back.
func WithClaimTimeout(length time.Duration) HoldOption {
	return func(a *asking) { a.request.ClaimTimeout = durationpb.New(length) }
}

// WithNotBefore makes it a reservation: it enters the line at this time, ahead of all who ask later.
func WithNotBefore(at time.Time) HoldOption {
	return func(a *asking) { a.request.NotBefore = timestamppb.New(at) }
}

// WithNotAfter ends it then at the latest.
func WithNotAfter(at time.Time) HoldOption {
	return func(a *asking) { a.request.NotAfter = timestamppb.New(at) }
}

// WithAutoClaim is for who has no process: a grant is held at once, and needs no sign of life. It goes with [WithNotAfter].
func WithAutoClaim() HoldOption {
	return func(a *asking) { a.request.AutoClaim = true }
}

// WithSupersedeKey names what can take each other's place, such as the runs of one branch: see [WithSupersede].
func WithSupersedeKey(key string) HoldOption {
	return func(a *asking) { a.request.SupersedeKey = key }
}

// WithSupersede says what becomes of the caller's older leases of the same supersede key: SUPERSEDE_PENDING ends those that wait, SUPERSEDE_HELD
// asks those that are held to stop, too ([CancelRequested]).
func WithSupersede(supersede callmev1.Supersede) HoldOption {
	return func(a *asking) { a.request.Supersede = supersede }
}

// WithPriority is -10 to 10; each step counts as ten minutes of waiting.
func WithPriority(priority int32) HoldOption {
	return func(a *asking) { a.request.Priority = priority }
}

// WithRequestID gives the idempotency key, instead of a random one: whoever asks the same with the same id gets the same lease.
func WithRequestID(id string) HoldOption {
	return func(a *asking) { a.request.RequestId = id }
}

// WithHolder says who it is for; others who wait will see it. What is left empty is filled in from the CI system's variables, or is user@host.
func WithHolder(holder *callmev1.Holder) HoldOption {
	return func(a *asking) { a.request.Holder = holder }
}

// WithReason says what it is for; others who wait will see it.
func WithReason(reason string) HoldOption {
	return func(a *asking) { a.request.Reason = reason }
}

// WithTags gives the lease free words to find it by.
func WithTags(tags ...string) HoldOption {
	return func(a *asking) { a.request.Tags = tags }
}

// WithOnWaiting calls a function, from the goroutine of the hold, when the lease waits in line, and when its position has changed. It must
// not block.
func WithOnWaiting(onWaiting func(*callmev1.Lease)) HoldOption {
	return func(a *asking) { a.onWaiting = onWaiting }
}
