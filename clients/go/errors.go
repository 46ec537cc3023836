package callme

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// NotAcquired is the error of a hold that never held: its lease ended before, or the server refused it. Find it with [errors.As].
type NotAcquired struct {
	// Reason says why in a word: the name of the lease's end_reason, such as TIMED_OUT or UNSATISFIABLE; where the server refused to store one,
	// ENVIRONMENT_BUSY, QUEUE_FULL, QUOTA_REACHED or UNSATISFIABLE; MISSING_VARIABLES where it lacks what the environment should give. It is empty if the server was out of reach when the queue timeout had passed.
	Reason string
	// Lease is the lease as it was seen last, its end_note says why in words; nil if the server refused to store one.
	Lease *callmev1.Lease
	// Holders tells with ENVIRONMENT_BUSY and QUEUE_FULL who is on it, in the server's words.
	Holders string

	// trouble is the error of the call that failed last, if that was the reason.
	trouble error
	// lacking is what the server has no value for.
	lacking string
}

// Error says why.
func (e *NotAcquired) Error() string {
	switch {
	case e.lacking != "":
		return fmt.Sprintf("callme: not acquired: the server has no value for %s; its operator has to set it there", e.lacking)
	case e.Lease == nil:
		return "callme: not acquired: " + messageOf(e.trouble)
	case e.trouble != nil:
		return fmt.Sprintf("callme: not acquired: no contact with the server when the queue timeout had passed: %v", e.trouble)
	default:
		return "callme: not acquired: " + ending(e.Lease)
	}
}

// Unwrap gives the *connect.Error of the call that was refused, or of the last one if the server was out of reach.
func (e *NotAcquired) Unwrap() error {
	return e.trouble
}

// lacking is the error of a lease that was granted without all that the server should give with it.
func lacking(lease *callmev1.Lease, missing []string) *NotAcquired {
	return &NotAcquired{Reason: "MISSING_VARIABLES", Lease: withoutVariables(lease), lacking: strings.Join(missing, ", ")}
}

// refusalOf gives the error of a hold that the server refuses for good; nil if the error of the call says no such thing.
func refusalOf(err error) *NotAcquired {
	info := infoOf(err)
	if !isFinal(info.GetReason()) {
		return nil
	}
	return &NotAcquired{Reason: info.GetReason(), Holders: info.GetMetadata()["holders"], trouble: err}
}

// isFinal tells whether a reason is the answer to what was asked: whoever asks again by itself waits, and was told not to.
func isFinal(reason string) bool {
	switch reason {
	case "ENVIRONMENT_BUSY", "QUEUE_FULL", "QUOTA_REACHED", "UNSATISFIABLE":
		return true
	default:
		return false
	}
}

// LeaseLost says that a lease is over, or about to be, while its body ran: the body must stop. Whatever it did last may have met a
// successor. It is the cause of the body's context (see [context.Cause]), and the error of the hold; find it with [errors.As].
type LeaseLost struct {
	// LeaseID is the id of the lease.
	LeaseID string
	// EndReason is unspecified if it has not ended, or nobody knows yet: the server is out of reach, the lease cannot be renewed any further,
	// or it was taken back.
	EndReason callmev1.EndReason
	// Why says it in words.
	Why string
	// givenBack: it was released with its own token, for example by the body.
	givenBack bool
}

// Error says why.
func (e *LeaseLost) Error() string {
	return fmt.Sprintf("callme: lease %s is lost: %s", e.LeaseID, e.Why)
}

// Reason gives the stable reason that the server sent with an error (google.rpc.ErrorInfo), such as WRONG_KEY or BAD_FIELD; it is empty if
// there is none.
func Reason(err error) string {
	return infoOf(err).GetReason()
}

// ending says in words how a lease ended, and who ended it, if somebody did.
func ending(lease *callmev1.Lease) string {
	words := strings.ToLower(strings.ReplaceAll(endReasonName(lease.GetEndReason()), "_", " "))
	if who := whoOf(lease); who != "" {
		words += " by " + who
	}
	if note := lease.GetEndNote(); note != "" {
		words += ": " + note
	}
	return words
}

// whoOf names who ended a lease; it is empty if that was no call of anybody.
func whoOf(lease *callmev1.Lease) string {
	by := lease.GetEndedBy()
	holder, principal, label := by.GetHolder().GetName(), by.GetPrincipal(), by.GetPrincipalLabel()
	switch {
	case holder == "":
		return knownAs(by)
	case principal == "":
		return holder
	case label != "":
		return fmt.Sprintf("%s (%s, %s)", holder, label, principal)
	default:
		return fmt.Sprintf("%s (%s)", holder, principal)
	}
}

// knownAs says who the server knows somebody to be: the label, if there is one, and the principal, which nobody else can have.
func knownAs(one *callmev1.EndedBy) string {
	if one.GetPrincipalLabel() == "" {
		return one.GetPrincipal()
	}
	return fmt.Sprintf("%s (%s)", one.GetPrincipalLabel(), one.GetPrincipal())
}

// endReasonName is empty if it has not ended.
func endReasonName(reason callmev1.EndReason) string {
	if reason == callmev1.EndReason_END_REASON_UNSPECIFIED {
		return ""
	}
	return strings.TrimPrefix(reason.String(), "END_REASON_")
}

func infoOf(err error) *errdetails.ErrorInfo {
	return detailOf[*errdetails.ErrorInfo](err)
}

// detailOf gives the first detail of this kind that came with the error of a call; nil if there is none.
func detailOf[T proto.Message](err error) (found T) {
	var failure *connect.Error
	if !errors.As(err, &failure) {
		return found
	}
	for _, detail := range failure.Details() {
		if value, err := detail.Value(); err == nil {
			if wanted, ok := value.(T); ok {
				return wanted
			}
		}
	}
	return found
}

// isTransient tells whether the same call may succeed later: the server is away, draining, full or cut off, and gave no verdict.
func isTransient(err error) bool {
	if isFinal(Reason(err)) {
		return false
	}
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeAborted, connect.CodeCanceled:
		return true
	case connect.CodeResourceExhausted:
		// A limit, or too much to do; without a RetryInfo it is the request itself that is too large.
		return detailOf[*errdetails.RetryInfo](err) != nil
	case connect.CodeUnknown, connect.CodeInternal, connect.CodeDataLoss, connect.CodeInvalidArgument:
		// connect-go calls an answer that was cut in the middle, or came from something else than our server, so. A verdict names its reason.
		return infoOf(err) == nil
	default:
		return false
	}
}

// delayOf tells how long to wait at least before the next try, where the server counts tries and has said so (RATE_LIMITED); else 0.
func delayOf(err error) time.Duration {
	if Reason(err) != "RATE_LIMITED" {
		return 0
	}
	return min(detailOf[*errdetails.RetryInfo](err).GetRetryDelay().AsDuration(), longestDelay)
}

// verdictOf tells of a lease that is over, or unknown to the server; nil if the error says no such thing.
func verdictOf(err error, leaseID string) *LeaseLost {
	info := infoOf(err)
	if reason := info.GetReason(); reason != "LEASE_ENDED" && reason != "LEASE_NOT_FOUND" {
		return nil
	}
	// An unknown or absent name is 0: unspecified.
	reason := callmev1.EndReason(callmev1.EndReason_value["END_REASON_"+info.GetMetadata()["end_reason"]])
	by, told := info.GetMetadata()["ended_by_lease"]
	givenBack := reason == callmev1.EndReason_END_REASON_RELEASED && (!told || by == leaseID)
	return &LeaseLost{LeaseID: leaseID, EndReason: reason, Why: messageOf(err), givenBack: givenBack}
}

// messageOf gives the words of an error without its code.
func messageOf(err error) string {
	var failure *connect.Error
	if errors.As(err, &failure) {
		return failure.Message()
	}
	return err.Error()
}

// interrupted gives the error of a context that is done, with its cause where that says more.
func interrupted(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, ctx.Err()) {
		return cause
	}
	return fmt.Errorf("%w: %w", ctx.Err(), cause)
}
