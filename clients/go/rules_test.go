package callme

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

func TestNoProxyOfTheEnvironment(t *testing.T) {
	// Go itself goes past a proxy to this machine only.
	if transport := newHTTPClient(nil).Transport.(*http.Transport); transport.Proxy != nil {
		t.Error("it asks for a proxy")
	}
}

func TestMarginsOfATerm(t *testing.T) {
	for _, c := range []struct{ ttl, cancel, retry, timeout time.Duration }{
		{time.Second, 400 * time.Millisecond, 50 * time.Millisecond, time.Second},
		{10 * time.Second, 8500 * time.Millisecond, 250 * time.Millisecond, time.Second},
		{time.Minute, 54 * time.Second, 1500 * time.Millisecond, 5 * time.Second},
		{time.Hour, 57*time.Minute - 3*time.Second, 90 * time.Second, 5 * time.Second},
	} {
		var term term
		now := time.Now()
		term.renewed(now, &callmev1.Lease{Ttl: durationpb.New(c.ttl), TtlRemaining: durationpb.New(c.ttl)})
		if got := term.cancelAt().Sub(now); got != c.cancel {
			t.Errorf("ttl %v: the body is cancelled after %v instead of %v", c.ttl, got, c.cancel)
		}
		if term.retryIn() != c.retry || term.timeout() != c.timeout {
			t.Errorf("ttl %v: sent again after %v, given up after %v", c.ttl, term.retryIn(), term.timeout())
		}
	}
}

func TestLateAnswerNeverShortensATerm(t *testing.T) {
	var term term
	now := time.Now()
	lease := &callmev1.Lease{Ttl: durationpb.New(time.Minute), TtlRemaining: durationpb.New(time.Minute)}
	term.renewed(now, lease)
	deadline := term.deadline
	term.renewed(now.Add(-10*time.Second), lease)
	if term.deadline != deadline || term.sentAt != now {
		t.Errorf("the deadline moved by %v, the time of sending by %v", term.deadline.Sub(deadline), term.sentAt.Sub(now))
	}
}

func TestMaxHoldIsWhatCapsATerm(t *testing.T) {
	granted := time.Now()
	for _, c := range []struct {
		expiresIn, maxHold time.Duration
		capped             bool
	}{
		{time.Minute, time.Minute, true},
		{time.Minute, time.Minute + time.Millisecond, false},
		// A first Renew that was long on its way got little of the ttl, and that is no max_hold.
		{time.Second, time.Hour, false},
	} {
		var term term
		term.renewed(granted, &callmev1.Lease{
			Ttl: durationpb.New(time.Minute), TtlRemaining: durationpb.New(time.Second), MaxHold: durationpb.New(c.maxHold),
			GrantedAt: timestamppb.New(granted), ExpiresAt: timestamppb.New(granted.Add(c.expiresIn)),
		})
		if term.capped != c.capped {
			t.Errorf("%+v: %v", c, term.capped)
		}
	}
	var unlimited term
	unlimited.renewed(granted, &callmev1.Lease{Ttl: durationpb.New(time.Minute), TtlRemaining: durationpb.New(time.Minute)})
	if unlimited.capped {
		t.Error("a term without a max_hold is capped")
	}
}

func TestClockIsJudgeWhereNoAlarmWentOff(t *testing.T) {
	minute := &callmev1.Lease{Ttl: durationpb.New(time.Minute), TtlRemaining: durationpb.New(time.Minute)}
	for _, c := range []struct {
		age        time.Duration
		lease      *callmev1.Lease
		over, lost bool
	}{
		{time.Second, minute, false, false},
		{55 * time.Second, minute, false, true},
		// Released with its token: body may go on.
		{55 * time.Second, minute, true, false},
		{time.Hour, &callmev1.Lease{}, false, false},
	} {
		told := context.Canceled
		k := keeper{leaseID: "l1", over: c.over, cancel: func() {}, tell: func(cause error) { told = cause }}
		k.term.renewed(time.Now().Add(-c.age), c.lease)
		k.stop()
		if lost := k.lost != nil; lost != c.lost || lost != (told == error(k.lost)) {
			t.Errorf("%+v: %v, and body was told %v", c, k.lost, told)
		}
	}
}

func TestLossAndTheErrorOfTheBody(t *testing.T) {
	lost, own := &LeaseLost{LeaseID: "l1"}, errors.New("of the body")
	wrapped := fmt.Errorf("deploying: %w", lost)
	for _, c := range []struct{ body, is, isNot error }{
		{nil, lost, context.Canceled},
		{context.Canceled, lost, context.Canceled},
		{fmt.Errorf("deploying: %w", context.Canceled), lost, context.Canceled},
		{own, own, context.Canceled},
		{wrapped, wrapped, context.Canceled},
	} {
		err := lostWith(lost, c.body)
		var found *LeaseLost
		if !errors.As(err, &found) || found != lost || !errors.Is(err, c.is) || errors.Is(err, c.isNot) {
			t.Errorf("%v became %v", c.body, err)
		}
	}
}

// failureOf is an error of a call, with a reason of the server's unless that is empty, and more details.
func failureOf(t *testing.T, code connect.Code, reason string, more ...proto.Message) error {
	t.Helper()
	failure := connect.NewError(code, errors.New("failed"))
	if reason != "" {
		more = append(more, &errdetails.ErrorInfo{Domain: "call-me", Reason: reason})
	}
	for _, message := range more {
		detail, err := connect.NewErrorDetail(message)
		if err != nil {
			t.Fatal(err)
		}
		failure.AddDetail(detail)
	}
	return failure
}

func TestWhatIsTriedAgain(t *testing.T) {
	always := []connect.Code{connect.CodeUnavailable, connect.CodeDeadlineExceeded, connect.CodeAborted, connect.CodeCanceled}
	broken := []connect.Code{connect.CodeUnknown, connect.CodeInternal, connect.CodeDataLoss, connect.CodeInvalidArgument}
	for code := connect.CodeCanceled; code <= connect.CodeUnauthenticated; code++ {
		alone := slices.Contains(always, code) || slices.Contains(broken, code)
		if got := isTransient(failureOf(t, code, "")); got != alone {
			t.Errorf("%v without a reason: %v", code, got)
		}
		if got := isTransient(failureOf(t, code, "SOME_REASON")); got != slices.Contains(always, code) {
			t.Errorf("%v with a reason: %v", code, got)
		}
		full := slices.Contains(always, code) || code == connect.CodeResourceExhausted
		if got := isTransient(failureOf(t, code, "SOME_REASON", &errdetails.RetryInfo{})); got != full {
			t.Errorf("%v with a RetryInfo: %v", code, got)
		}
		for _, final := range []string{"ENVIRONMENT_BUSY", "UNSATISFIABLE"} {
			if isTransient(failureOf(t, code, final, &errdetails.RetryInfo{})) {
				t.Errorf("%v with %s is tried again", code, final)
			}
		}
	}
}

func TestEndingSaysWhoEndedIt(t *testing.T) {
	forced := callmev1.EndReason_END_REASON_FORCE_RELEASED
	ops := &callmev1.EndedBy{Principal: "key:ops"}
	for _, c := range []struct {
		lease *callmev1.Lease
		want  string
	}{
		{&callmev1.Lease{EndReason: callmev1.EndReason_END_REASON_TIMED_OUT}, "timed out"},
		{&callmev1.Lease{EndReason: forced, EndedBy: ops}, "force released by key:ops"},
		{&callmev1.Lease{EndReason: forced, EndedBy: ops, EndNote: "fire drill"}, "force released by key:ops: fire drill"},
		{
			&callmev1.Lease{EndReason: forced, EndedBy: &callmev1.EndedBy{Principal: "key:ci", Holder: &callmev1.Holder{Name: "checkout #1"}}},
			"force released by checkout #1 (key:ci)",
		},
		{
			&callmev1.Lease{EndReason: forced, EndedBy: &callmev1.EndedBy{Principal: "key:ci", PrincipalLabel: "team a"}},
			"force released by team a (key:ci)",
		},
		{
			&callmev1.Lease{EndReason: forced, EndedBy: &callmev1.EndedBy{
				Principal: "key:ci", PrincipalLabel: "team a", Holder: &callmev1.Holder{Name: "checkout #1"},
			}},
			"force released by checkout #1 (team a, key:ci)",
		},
	} {
		if got := ending(c.lease); got != c.want {
			t.Errorf("%q instead of %q", got, c.want)
		}
	}
}

func TestPausesGrow(t *testing.T) {
	var pause backoff
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, longest := range []time.Duration{200, 400, 800, 1600, 2000, 2000} {
		if err := pause.wait(cancelled, nil); !errors.Is(err, context.Canceled) || pause.longest != longest*time.Millisecond {
			t.Errorf("%v, %v instead of %d ms", err, pause.longest, longest)
		}
	}
	if pause.lasted(time.Second); pause.longest == 0 {
		t.Error("a second of success makes them short again")
	}
	if pause.lasted(time.Minute); pause.longest != 0 {
		t.Error("a minute of success does not make them short again")
	}
}

func TestAddressIsChecked(t *testing.T) {
	for _, address := range []string{"127.0.0.1:8000", "localhost", "ftp://uat", "http://"} {
		if _, err := New(WithURL(address)); err == nil {
			t.Errorf("%q passes for an address", address)
		}
	}
}

func TestVersionIsThatOfTheProject(t *testing.T) {
	text, err := os.ReadFile("../../package.json")
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("this is no checkout of the project")
	}
	var project struct{ Version string }
	if err := errors.Join(err, json.Unmarshal(text, &project)); err != nil {
		t.Fatal(err)
	}
	if project.Version != version {
		t.Errorf("version is %q, and the project's %q", version, project.Version)
	}
}
