// Acquire, wait, renew and release with nothing but generated code and grpc-go. What the layer over it does besides: clients/README.md.
package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"log"
	"net/url"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	callmev1 "github.com/call-me/call-me/gen/go/callme/v1"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	connection, err := dial(cmp.Or(os.Getenv("CALL_ME_URL"), "http://127.0.0.1:8000"))
	if err != nil {
		return err
	}
	defer connection.Close()
	locks := callmev1.NewLockServiceClient(connection)

	// The same request again keeps the place in line; after a broken connection too.
	request := &callmev1.AcquireRequest{
		Environment: "uat",
		RequestId:   rand.Text(),
		Ttl:         durationpb.New(time.Minute),
		Wait:        durationpb.New(time.Minute),
	}
	asking := metadata.AppendToOutgoingContext(ctx, "x-api-key", os.Getenv("CALL_ME_API_KEY"))
	answer, err := locks.Acquire(asking, request)
	for err == nil && answer.Lease.State == callmev1.LeaseState_LEASE_STATE_QUEUED {
		log.Printf("waiting at position %d", answer.Lease.Position)
		answer, err = locks.Acquire(asking, request)
	}
	if err != nil {
		return err
	}
	lease := answer.Lease
	if lease.State != callmev1.LeaseState_LEASE_STATE_HELD {
		log.Fatalf("not acquired: %v %s", lease.EndReason, lease.EndNote)
	}

	// From here on the lease's own token is enough.
	holding, stop := context.WithCancel(metadata.AppendToOutgoingContext(ctx, "x-api-key", answer.LeaseToken))
	defer stop()
	go renew(holding, locks, lease.Id)
	go watch(holding, locks, lease.Id)
	log.Printf("held, with fencing token %d", lease.Environments[0].FencingToken)
	// … the work …
	_, err = locks.Release(holding, &callmev1.ReleaseRequest{LeaseId: lease.Id})
	return err
}

// renew extends the lease every third of its ttl.
func renew(ctx context.Context, locks callmev1.LockServiceClient, leaseID string) {
	for {
		select {
		case <-time.After(20 * time.Second):
		case <-ctx.Done():
			return
		}
		if _, err := locks.Renew(ctx, &callmev1.RenewRequest{LeaseId: leaseID}); err != nil {
			log.Printf("not renewed: %v", err)
		}
	}
}

// watch tells of each change of the lease until it has ended.
func watch(ctx context.Context, locks callmev1.LockServiceClient, leaseID string) {
	stream, err := locks.WatchLease(ctx, &callmev1.WatchLeaseRequest{LeaseId: leaseID})
	if err != nil {
		log.Printf("not watched: %v", err)
		return
	}
	for {
		message, err := stream.Recv()
		if err != nil {
			return
		}
		log.Printf("%v: %v", message.Kind, message.Lease.GetState())
	}
}

// dial makes a connection to an address such as https://call-me.example.
func dial(address string) (*grpc.ClientConn, error) {
	server, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	if server.Scheme == "https" {
		target := server.Hostname() + ":" + cmp.Or(server.Port(), "443")
		return grpc.NewClient(target, grpc.WithTransportCredentials(credentials.NewTLS(nil)))
	}
	target := server.Hostname() + ":" + cmp.Or(server.Port(), "80")
	return grpc.NewClient(target, grpc.WithTransportCredentials(insecure.NewCredentials()))
}
