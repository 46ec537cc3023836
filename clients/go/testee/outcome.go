package main

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"connectrpc.com/connect"

	callme "github.com/call-me/call-me/clients/go"
	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

// outcomeOf tells how a hold or a release ended, as far as its error does.
func outcomeOf(err error) saying {
	var lost *callme.LeaseLost
	var notAcquired *callme.NotAcquired
	var failure *connect.Error
	var asked *callme.CancelRequested
	switch {
	case err == nil:
		return saying{Outcome: "ok"}
	case err == errBody:
		return saying{Outcome: "body_failed"}
	case errors.As(err, &lost):
		said := saying{Outcome: "lost", EndReason: nameOf(lost.EndReason), Why: lost.Why}
		if errors.Is(err, errBody) {
			said.Cause = errBody.Error()
		}
		return said
	case errors.As(err, &asked):
		return saying{Outcome: "cancel_requested", By: asked.By.GetHolder().GetName(), Why: asked.Reason, Deadline: asked.Deadline.Unix()}
	case errors.As(err, &notAcquired):
		if notAcquired.Lease == nil {
			return saying{Outcome: "not_acquired", Reason: notAcquired.Reason, Holders: notAcquired.Holders}
		}
		note := cmp.Or(notAcquired.Lease.GetEndNote(), err.Error())
		return saying{Outcome: "not_acquired", EndReason: &notAcquired.Reason, Note: note}
	case errors.As(err, &failure):
		return saying{Outcome: failure.Code().String(), Reason: callme.Reason(err), Why: err.Error()}
	case errors.Is(err, context.Canceled):
		return saying{Outcome: "cancelled"}
	default:
		return saying{Outcome: err.Error()}
	}
}

// nameOf is empty if nobody knows the reason yet.
func nameOf(reason callmev1.EndReason) *string {
	name := ""
	if reason != callmev1.EndReason_END_REASON_UNSPECIFIED {
		name = strings.TrimPrefix(reason.String(), "END_REASON_")
	}
	return &name
}
