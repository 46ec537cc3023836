package callme

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
	"github.com/call-me/call-me/gen/go/callme/v1/callmev1connect"
)

// server grants whatever is asked for, and keeps count. What a real one does is for test/clients.
type server struct {
	callmev1connect.UnimplementedLockServiceHandler
	mu       sync.Mutex
	released []string
	end      chan callmev1.EndReason
}

func (s *server) lease() *callmev1.Lease {
	return &callmev1.Lease{
		Id:           "l1",
		State:        callmev1.LeaseState_LEASE_STATE_HELD,
		Environments: []*callmev1.LeasedEnvironment{{Name: "uat", FencingToken: 7}},
		Ttl:          durationpb.New(3 * time.Second),
		TtlRemaining: durationpb.New(3 * time.Second),
	}
}

func (s *server) Acquire(context.Context, *connect.Request[callmev1.AcquireRequest]) (*connect.Response[callmev1.AcquireResponse], error) {
	return connect.NewResponse(&callmev1.AcquireResponse{Lease: s.lease(), LeaseToken: "token"}), nil
}

func (s *server) Renew(context.Context, *connect.Request[callmev1.RenewRequest]) (*connect.Response[callmev1.RenewResponse], error) {
	return connect.NewResponse(&callmev1.RenewResponse{Lease: s.lease()}), nil
}

func (s *server) Release(
	_ context.Context, request *connect.Request[callmev1.ReleaseRequest],
) (*connect.Response[callmev1.ReleaseResponse], error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.released = append(s.released, request.Header().Get(keyHeader))
	return connect.NewResponse(&callmev1.ReleaseResponse{}), nil
}

func (s *server) WatchLease(
	ctx context.Context, _ *connect.Request[callmev1.WatchLeaseRequest], stream *connect.ServerStream[callmev1.WatchLeaseResponse],
) error {
	lease := s.lease()
	if err := stream.Send(&callmev1.WatchLeaseResponse{Lease: lease}); err != nil {
		return err
	}
	select {
	case reason := <-s.end:
		lease.State, lease.EndReason = callmev1.LeaseState_LEASE_STATE_ENDED, reason
		return stream.Send(&callmev1.WatchLeaseResponse{Lease: lease})
	case <-ctx.Done():
		return nil
	}
}

// start serves, and gives a client of it; both are closed when the test is over.
func start(t *testing.T) (*server, *Client) {
	t.Helper()
	s := &server{end: make(chan callmev1.EndReason, 1)}
	mux := http.NewServeMux()
	mux.Handle(callmev1connect.NewLockServiceHandler(s))
	web := httptest.NewServer(mux)
	t.Cleanup(web.Close)
	client, err := New(WithURL(web.URL), WithKey("key"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.CloseIdleConnections)
	return s, client
}

func TestBodyRunsWithItsLease(t *testing.T) {
	s, client := start(t)
	own := errors.New("of the body")
	err := client.Hold(t.Context(), "uat", func(_ context.Context, lease *Lease) error {
		if lease.ID != "l1" || lease.Token != "token" || lease.FencingToken != 7 {
			t.Errorf("the lease is %+v", lease)
		}
		return own
	})
	if err != own {
		t.Errorf("the body's error came out as %v", err)
	}
	if strings.Join(s.released, " ") != "token" {
		t.Errorf("released with %q instead of once with the token", s.released)
	}
}

func TestPanicOfTheBodyReleases(t *testing.T) {
	s, client := start(t)
	func() {
		defer func() {
			if recovered := recover(); recovered != "of the body" {
				t.Errorf("the panic came out as %v", recovered)
			}
		}()
		_ = client.Hold(t.Context(), "uat", func(context.Context, *Lease) error { panic("of the body") })
	}()
	if len(s.released) != 1 {
		t.Errorf("released %d times", len(s.released))
	}
}

func TestEndCancelsTheBodyWithItsCause(t *testing.T) {
	s, client := start(t)
	s.end <- callmev1.EndReason_END_REASON_FORCE_RELEASED
	var cause error
	err := client.Hold(t.Context(), "uat", func(ctx context.Context, _ *Lease) error {
		<-ctx.Done()
		cause = context.Cause(ctx)
		return ctx.Err()
	})
	var lost *LeaseLost
	if !errors.As(err, &lost) || lost.EndReason != callmev1.EndReason_END_REASON_FORCE_RELEASED {
		t.Fatalf("the hold ended with %v", err)
	}
	if cause != error(lost) {
		t.Errorf("the cause was %v", cause)
	}
	if len(s.released) != 0 {
		t.Error("an ended lease was released")
	}
}

func TestNoGoroutineOutlivesAHold(t *testing.T) {
	_, client := start(t)
	before := runtime.NumGoroutine()
	for range 5 {
		if err := client.Hold(t.Context(), "uat", func(context.Context, *Lease) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := client.Hold(cancelled, "uat", func(context.Context, *Lease) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before it began, it ended with %v", err)
	}
	// Connections end in the background.
	for giveUp := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		client.CloseIdleConnections()
		if runtime.NumGoroutine() <= before {
			return
		}
		if time.Now().After(giveUp) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines more:\n%s", runtime.NumGoroutine()-before, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func TestHoldOverHTTP2AndTLS(t *testing.T) {
	mux := http.NewServeMux()
	mux.Handle(callmev1connect.NewLockServiceHandler(&server{}))
	var protocol atomic.Value
	web := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocol.Store(r.Proto)
		mux.ServeHTTP(w, r)
	}))
	web.EnableHTTP2 = true
	web.StartTLS()
	defer web.Close()
	client, err := New(WithURL(web.URL), WithKey("key"), WithHTTPClient(web.Client()))
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Hold(t.Context(), "uat", func(context.Context, *Lease) error { return nil }); err != nil {
		t.Error(err)
	}
	if protocol.Load() != "HTTP/2.0" {
		t.Errorf("the protocol was %v", protocol.Load())
	}
}

func TestKeyIsNotCarriedElsewhere(t *testing.T) {
	var carried atomic.Bool
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { carried.Store(true) }))
	defer elsewhere.Close()
	web := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer web.Close()
	client, err := New(WithURL(web.URL), WithKey("key"))
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	if _, err := client.Locks().Check(t.Context(), connect.NewRequest(&callmev1.CheckRequest{Environment: "uat"})); err == nil {
		t.Error("a redirect is no error")
	}
	if carried.Load() {
		t.Error("the request followed a redirect")
	}
}
