// Acquire, wait, renew and release with nothing but generated code and connect-go. What the layer over it does besides: clients/README.md.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"log"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
	"github.com/call-me/call-me/gen/go/callme/v1/callmev1connect"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	url := cmp.Or(os.Getenv("CALL_ME_URL"), "http://127.0.0.1:8000")
	locks := callmev1connect.NewLockServiceClient(http.DefaultClient, url)

	// The same request again keeps the place in line; after a broken connection too.
	request := &callmev1.AcquireRequest{
		Environment: "uat",
		RequestId:   rand.Text(),
		Ttl:         durationpb.New(time.Minute),
		Wait:        durationpb.New(time.Minute),
	}
	answer, err := locks.Acquire(ctx, with(os.Getenv("CALL_ME_API_KEY"), request))
	for err == nil && answer.Msg.Lease.State == callmev1.LeaseState_LEASE_STATE_QUEUED {
		log.Printf("waiting at position %d", answer.Msg.Lease.Position)
		answer, err = locks.Acquire(ctx, with(os.Getenv("CALL_ME_API_KEY"), request))
	}
	if err != nil {
		return err
	}
	lease := answer.Msg.Lease
	if lease.State != callmev1.LeaseState_LEASE_STATE_HELD {
		log.Fatalf("not acquired: %v %s", lease.EndReason, lease.EndNote)
	}

	// From here on the lease's own token is enough.
	token := answer.Msg.LeaseToken
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	go renew(ctx, locks, lease.Id, token)
	go watch(ctx, locks, lease.Id, token)
	log.Printf("held, with fencing token %d", lease.Environments[0].FencingToken)
	// … the work …
	_, err = locks.Release(ctx, with(token, &callmev1.ReleaseRequest{LeaseId: lease.Id}))
	return err
}

// renew extends the lease every third of its ttl.
func renew(ctx context.Context, locks callmev1connect.LockServiceClient, leaseID, token string) {
	for {
		select {
		case <-time.After(20 * time.Second):
		case <-ctx.Done():
			return
		}
		if _, err := locks.Renew(ctx, with(token, &callmev1.RenewRequest{LeaseId: leaseID})); err != nil {
			log.Printf("not renewed: %v", err)
		}
	}
}

// watch tells of each change of the lease until it has ended.
func watch(ctx context.Context, locks callmev1connect.LockServiceClient, leaseID, token string) {
	stream, err := locks.WatchLease(ctx, with(token, &callmev1.WatchLeaseRequest{LeaseId: leaseID}))
	if err != nil {
		log.Printf("not watched: %v", err)
		return
	}
	for stream.Receive() {
		log.Printf("%v: %v", stream.Msg().Kind, stream.Msg().Lease.GetState())
	}
}

// with makes a request that is opened by a key, or by a lease's token.
func with[T any](key string, message *T) *connect.Request[T] {
	request := connect.NewRequest(message)
	request.Header().Set("X-Api-Key", key)
	return request
}
