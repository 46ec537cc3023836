"""Holds shared test environments of a call-me server while your code runs: ``with callme.hold("uat") as lease: …``.

``callme.aio`` is the same for asyncio, ``callme.v1`` the generated code.
"""

from callme._client import Client, hold
from callme._errors import CallFailed, LeaseLost, NotAcquired, reason_of
from callme._hold import Hold
from callme._interrupt import Interrupted
from callme._lease import HeldLease
from callme._options import HoldOptions, Seconds
from callme.v1.lock_service_pb2 import IF_BUSY_FAIL, IF_BUSY_QUEUE
from callme.v1.types_pb2 import Holder, Need

__all__ = [
    "IF_BUSY_FAIL",
    "IF_BUSY_QUEUE",
    "CallFailed",
    "Client",
    "HeldLease",
    "Hold",
    "HoldOptions",
    "Holder",
    "Interrupted",
    "LeaseLost",
    "Need",
    "NotAcquired",
    "Seconds",
    "hold",
    "reason_of",
]

# Where to import them from, in tracebacks too.
for _public in (CallFailed, Client, HeldLease, Hold, Interrupted, LeaseLost, NotAcquired):
    _public.__module__ = __name__
