"""Waits, holds, renews and releases with nothing but generated code and grpcio.

What the layer over it does besides: clients/README.md.
"""

import os
import threading
import time
import uuid

import grpc
from callme.v1.lock_service_pb2 import AcquireRequest, ReleaseRequest, RenewRequest, WatchLeaseRequest
from callme.v1.lock_service_pb2_grpc import LockServiceStub
from callme.v1.types_pb2 import LEASE_STATE_HELD, LEASE_STATE_QUEUED, Lease, WatchKind
from google.protobuf.duration_pb2 import Duration

url = os.environ.get("CALL_ME_URL", "http://127.0.0.1:8000")
target = url.split("://")[-1].rstrip("/")
# An https URL without a port: 443 is what grpc takes too.
secure = url.startswith("https://")
locks = LockServiceStub(grpc.secure_channel(target, grpc.ssl_channel_credentials()) if secure else grpc.insecure_channel(target))
key = [("x-api-key", os.environ.get("CALL_ME_API_KEY", ""))]

# The same request again keeps the place in line; after a broken connection too.
request = AcquireRequest(environment="uat", request_id=str(uuid.uuid4()), ttl=Duration(seconds=60), wait=Duration(seconds=60))
answer = locks.Acquire(request, metadata=key, timeout=70)
while answer.lease.state == LEASE_STATE_QUEUED:
    print("waiting at position", answer.lease.position)
    answer = locks.Acquire(request, metadata=key, timeout=70)
if answer.lease.state != LEASE_STATE_HELD:
    raise SystemExit(f"not acquired: {answer.lease.end_note}")

# From here on the lease's own token is enough.
token = [("x-api-key", answer.lease_token)]
lease_id = answer.lease.id
fencing_token = answer.lease.environments[0].fencing_token
watch = locks.WatchLease(WatchLeaseRequest(lease_id=lease_id), metadata=token)
over = threading.Event()


def lost(lease: Lease) -> bool:
    """Whether it has ended, or was taken back: waiting again, or granted anew, others may have been served since."""
    return lease.state != LEASE_STATE_HELD or lease.environments[0].fencing_token != fencing_token


def follow() -> None:
    """Tells of the end at once, whoever ends it."""
    for message in watch:
        # A newer server may know kinds that this code does not.
        known = message.kind in WatchKind.values()
        print("watch:", WatchKind.Name(message.kind) if known else message.kind)
        if message.HasField("lease") and lost(message.lease):
            over.set()


def renew() -> None:
    """Renews every third of the ttl; without an answer, again soon. After 46 s of that the work must stop: one more try takes 7.5 s."""
    renewed = time.monotonic()
    pause = 0.0
    while not over.wait(pause):
        sent = time.monotonic()
        try:
            renewal = locks.Renew(RenewRequest(lease_id=lease_id), metadata=token, timeout=6)
            renewed, pause = sent, 20.0
            if lost(renewal.lease):
                over.set()
        except grpc.RpcError as error:
            print("renew:", error.code(), error.details())
            pause = 1.5
            # All but a broken connection is the server's word: it has ended.
            if error.code() not in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
                over.set()
        if time.monotonic() >= renewed + 46:
            over.set()


threading.Thread(target=follow, daemon=True).start()
threading.Thread(target=renew, daemon=True).start()
try:
    print("held, with fencing token", fencing_token)
    # … the work; it must stop when `over` is set …
finally:
    locks.Release(ReleaseRequest(lease_id=lease_id), metadata=token, timeout=2)
    over.wait(5)
