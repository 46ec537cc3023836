package main

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
)

// etcd is its lock service, and its keys for what the lock service has not. Each has a session, since who waits must be another one than who holds.
type etcd struct {
	connection *grpc.ClientConn
	session    uint64
}

// putValue is about as long as what call-me keeps of a lease.
var putValue = make([]byte, 512)

func openEtcd(ctx context.Context, order order) ([]locker, error) {
	return onConnections(order, func(connection *grpc.ClientConn) locker { return &etcd{connection: connection} })
}

func (e *etcd) acquire(ctx context.Context, name string) (string, error) {
	if e.session == 0 {
		// LeaseGrantRequest{TTL}, LeaseGrantResponse{header, ID}
		answer, err := e.call(ctx, "/etcdserverpb.Lease/LeaseGrant", message{}.withNumber(1, 3600))
		if err != nil {
			return "", err
		}
		e.session = answer.number(2)
	}
	// LockRequest{name, lease}, LockResponse{header, key}
	answer, err := e.call(ctx, "/v3lockpb.Lock/Lock", message{}.withBytes(1, []byte(name)).withNumber(2, e.session))
	if err != nil {
		return "", err
	}
	key := answer.bytes(2)
	if len(key) == 0 {
		return "", fmt.Errorf("Lock of %s answered without a key", name)
	}
	return string(key), nil
}

func (e *etcd) release(ctx context.Context, _, held string) error {
	_, err := e.call(ctx, "/v3lockpb.Lock/Unlock", message{}.withBytes(1, []byte(held)))
	return err
}

// renew is a Put: a lease's KeepAlive is not written down.
func (e *etcd) renew(ctx context.Context, name, _ string) error {
	_, err := e.call(ctx, "/etcdserverpb.KV/Put", message{}.withBytes(1, []byte("put/"+name)).withBytes(2, putValue))
	return err
}

func (e *etcd) check(ctx context.Context, name string) error {
	waiting, err := e.waiting(ctx, name)
	if err == nil && waiting != 0 {
		return fmt.Errorf("%s has %d waiters", name, waiting)
	}
	return err
}

func (e *etcd) waiting(ctx context.Context, name string) (int, error) {
	// RangeRequest{key, range_end, count_only}, RangeResponse{header, kvs, more, count}
	answer, err := e.call(ctx, "/etcdserverpb.KV/Range", message{}.withBytes(1, []byte(name+"/")).withBytes(2, []byte(name+"0")).withNumber(9, 1))
	return int(answer.number(4)) - 1, err
}

func (e *etcd) call(ctx context.Context, method string, request message) (message, error) {
	var answer message
	err := e.connection.Invoke(ctx, method, request, &answer, grpc.ForceCodecV2(asItIs{}))
	return answer, err
}

// message is one in protobuf's encoding: as little of etcd's API as is used here needs no generated code.
type message []byte

func (m message) withNumber(field protowire.Number, value uint64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, field, protowire.VarintType), value)
}

func (m message) withBytes(field protowire.Number, value []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, field, protowire.BytesType), value)
}

// number is the value of a field; 0 if it has none.
func (m message) number(field protowire.Number) uint64 {
	value, _ := protowire.ConsumeVarint(m.find(field, protowire.VarintType))
	return value
}

func (m message) bytes(field protowire.Number) []byte {
	value, _ := protowire.ConsumeBytes(m.find(field, protowire.BytesType))
	return value
}

// find is what begins with the value of a field; nil if there is none of that type.
func (m message) find(field protowire.Number, kind protowire.Type) []byte {
	for rest := []byte(m); len(rest) > 0; {
		number, found, length := protowire.ConsumeTag(rest)
		if length < 0 {
			return nil
		}
		rest = rest[length:]
		if number == field && found == kind {
			return rest
		}
		if length = protowire.ConsumeFieldValue(number, found, rest); length < 0 {
			return nil
		}
		rest = rest[length:]
	}
	return nil
}

// asItIs is the codec of messages that are bytes already.
type asItIs struct{}

func (asItIs) Marshal(value any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(value.(message))}, nil
}

func (asItIs) Unmarshal(data mem.BufferSlice, value any) error {
	*value.(*message) = data.Materialize()
	return nil
}

func (asItIs) Name() string { return "proto" }
