"""Holds shared test environments of a call-me server while your code runs: ``with callme.hold("uat") as lease: …``.

``callme.aio`` is the same for asyncio, ``callme.v1`` the generated code.
"""

from callme._client import Client, hold
from callme._errors import CallFailed, CancelRequested, LeaseLost, NotAcquired, reason_of
from callme._given import HeldEnvironment, HeldSlot
from callme._hold import Hold
from callme._interrupt import Interrupted
from callme._lease import HeldLease
from callme._options import HoldOptions, Seconds
from callme._ticket import Ticket
from callme.v1.lock_service_pb2 import IF_BUSY_FAIL, IF_BUSY_QUEUE, SUPERSEDE_HELD, SUPERSEDE_NONE, SUPERSEDE_PENDING
from callme.v1.types_pb2 import Holder, Need

__all__ = [
    "IF_BUSY_FAIL",
    "IF_BUSY_QUEUE",
    "SUPERSEDE_HELD",
    "SUPERSEDE_NONE",
    "SUPERSEDE_PENDING",
    "CallFailed",
    "CancelRequested",
    "Client",
    "HeldEnvironment",
    "HeldLease",
    "HeldSlot",
    "Hold",
    "HoldOptions",
    "Holder",
    "Interrupted",
    "LeaseLost",
    "Need",
    "NotAcquired",
    "Seconds",
    "Ticket",
    "hold",
    "reason_of",
]

# Where to import them from, in tracebacks too.
for _public in (
    CallFailed,
    CancelRequested,
    Client,
    HeldEnvironment,
    HeldLease,
    HeldSlot,
    Hold,
    Interrupted,
    LeaseLost,
    NotAcquired,
    Ticket,
):
    _public.__module__ = __name__
