package main

import (
	"context"
	"fmt"
	"time"

	callme "github.com/call-me/call-me/gen/go/callme/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"
)

// overGRPC is call-me as a gRPC client sees it.
type overGRPC struct {
	client callme.LockServiceClient
	// Acquire waits so long at a hand-over; otherwise the lock must be free.
	wait *durationpb.Duration
	key  []string
}

func openGRPC(_ context.Context, order order) ([]locker, error) {
	return onConnections(order, func(connection *grpc.ClientConn) locker {
		locker := &overGRPC{client: callme.NewLockServiceClient(connection), key: []string{"x-api-key", order.Key}}
		if order.Line > 0 {
			locker.wait = durationpb.New(time.Minute)
		}
		return locker
	})
}

// onConnections makes the lockers of so many streams on so many connections.
func onConnections(order order, locked func(*grpc.ClientConn) locker) ([]locker, error) {
	lockers := make([]locker, 0, order.Connections*order.Streams)
	for range order.Connections {
		connection, err := grpc.NewClient(order.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, err
		}
		for range order.Streams {
			lockers = append(lockers, locked(connection))
		}
	}
	return lockers, nil
}

func (l *overGRPC) with(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, l.key...)
}

func (l *overGRPC) acquire(ctx context.Context, name string) (string, error) {
	answer, err := l.client.Acquire(l.with(ctx), &callme.AcquireRequest{Environment: name, Wait: l.wait})
	if err != nil {
		return "", err
	}
	return answer.GetLease().GetId(), inState(answer.GetLease(), callme.LeaseState_LEASE_STATE_HELD)
}

func (l *overGRPC) release(ctx context.Context, _, held string) error {
	answer, err := l.client.Release(l.with(ctx), &callme.ReleaseRequest{LeaseId: held})
	if err != nil {
		return err
	}
	return inState(answer.GetLease(), callme.LeaseState_LEASE_STATE_ENDED)
}

func (l *overGRPC) renew(ctx context.Context, _, held string) error {
	answer, err := l.client.Renew(l.with(ctx), &callme.RenewRequest{LeaseId: held})
	if err != nil {
		return err
	}
	return inState(answer.GetLease(), callme.LeaseState_LEASE_STATE_HELD)
}

func (l *overGRPC) check(ctx context.Context, name string) error {
	_, err := l.status(ctx, name)
	return err
}

func (l *overGRPC) waiting(ctx context.Context, name string) (int, error) {
	status, err := l.status(ctx, name)
	return int(status.GetQueueLength()), err
}

func (l *overGRPC) status(ctx context.Context, name string) (*callme.EnvironmentStatus, error) {
	answer, err := l.client.Check(l.with(ctx), &callme.CheckRequest{Environment: name})
	if err != nil {
		return nil, err
	}
	if len(answer.GetEnvironments()) != 1 {
		return nil, fmt.Errorf("Check of %s answered %v", name, answer)
	}
	return answer.GetEnvironments()[0], nil
}

func inState(lease *callme.Lease, state callme.LeaseState) error {
	if lease.GetState() != state {
		return fmt.Errorf("lease %s is %s, not %s", lease.GetId(), lease.GetState(), state)
	}
	return nil
}
