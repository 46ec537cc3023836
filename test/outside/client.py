"""A pipeline in Python: stock grpcio, with stubs made at run time from a descriptor set of proto/.

Usage: client.py HOST:PORT KEY DESCRIPTOR_SET
"""

import sys
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

address, key, image = sys.argv[1:]
pool = descriptor_pool.DescriptorPool()
with open(image, "rb") as file:
    for proto in descriptor_pb2.FileDescriptorSet.FromString(file.read()).file:
        pool.Add(proto)


def message_class(descriptor):
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(pool).GetPrototype(descriptor)


class Stub:
    """What grpc_tools would generate: one callable per method; takes the message as a dict of its JSON form."""

    def __init__(self, channel, service):
        self._channel = channel
        self._service = pool.FindServiceByName(service)

    def __getattr__(self, name):
        method = self._service.methods_by_name[name]
        request, response = message_class(method.input_type), message_class(method.output_type)
        streams = descriptor_pb2.MethodDescriptorProto()
        method.CopyToProto(streams)
        kind = self._channel.unary_stream if streams.server_streaming else self._channel.unary_unary
        call = kind(f"/{self._service.full_name}/{name}", request.SerializeToString, response.FromString)
        return lambda timeout=20, **fields: call(
            json_format.ParseDict(fields, request()), timeout=timeout, metadata=[("x-api-key", key)]
        )


def state(lease):
    return lease.DESCRIPTOR.fields_by_name["state"].enum_type.values_by_number[lease.state].name


def refused(call):
    try:
        call()
    except grpc.RpcError as error:
        return error
    raise AssertionError("the call was answered")


with grpc.insecure_channel(address) as channel:
    locks = Stub(channel, "callme.v1.LockService")
    watch = locks.WatchEnvironment(environment="python")
    assert next(watch).environments[0].available

    first = locks.Acquire(environment="python", ttl="60s", holder={"name": "first"})
    assert state(first.lease) == "LEASE_STATE_HELD" and first.environment_created
    request = dict(environment="python", requestId="second", holder={"name": "second"})
    second = locks.Acquire(**request).lease
    assert (state(second), second.position) == ("LEASE_STATE_QUEUED", 1)
    assert second.holders[0].holder.name == "first"
    assert state(locks.Acquire(**request, wait="30s", timeout=1).lease) == "LEASE_STATE_QUEUED"

    waited = []
    waiting = threading.Thread(target=lambda: waited.append(locks.Acquire(**request, wait="15s").lease))
    waiting.start()
    life = locks.WatchLease(leaseId=second.id)
    assert state(next(life).lease) == "LEASE_STATE_QUEUED"
    locks.Release(leaseId=first.lease.id)
    waiting.join()
    assert (waited[0].id, state(waited[0])) == (second.id, "LEASE_STATE_HELD")
    # By a key it only looks: it may see the offer before the wait has claimed it.
    assert "LEASE_STATE_HELD" in (state(message.lease) for message in life)

    token = waited[0].environments[0].fencing_token
    assert token > first.lease.environments[0].fencing_token
    assert locks.CheckFence(environment="python", fencingToken=token).valid
    assert not locks.Release(environment="python", requestId="second").already_ended
    assert [state(message.lease) for message in life] == ["LEASE_STATE_ENDED"]
    causes = [next(watch).cause for _ in range(6)]
    assert [cause.lease_id for cause in causes] == [
        first.lease.id, second.id, first.lease.id, second.id, second.id, second.id,
    ]
    watch.cancel()

    error = refused(lambda: locks.Renew(leaseId=second.id))
    assert error.code() == grpc.StatusCode.FAILED_PRECONDITION, error
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert b"google.rpc.ErrorInfo" in details and b"LEASE_ENDED" in details
    assert refused(lambda: locks.Acquire(environment="no name")).code() == grpc.StatusCode.INVALID_ARGUMENT

print("done")
