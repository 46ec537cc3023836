"""What can go wrong with a hold, and what the errors of calls mean for one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import grpc
from google.rpc import error_details_pb2, status_pb2

from callme.v1.types_pb2 import END_REASON_UNSPECIFIED, EndReason

if TYPE_CHECKING:
    from callme.v1.types_pb2 import Lease

# Whatever comes with it, it may pass. A call that we cancel ourselves comes to nobody as an error.
_PASSING = {
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.UNAVAILABLE,
}
# What grpcio calls an answer that was cut in the middle, or came from something else than our server; a verdict names its reason.
_BROKEN = {
    grpc.StatusCode.DATA_LOSS,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}


class NotAcquired(Exception):
    """The lease ended before it was held.

    ``lease`` is how it ended; ``end_reason`` says why, in a word: ``"REFUSED"``, ``"TIMED_OUT"``, ``"UNSATISFIABLE"``, …
    It is empty when the server was out of reach until ``queue_timeout`` had passed.
    """

    lease: Lease
    end_reason: str

    def __init__(self, lease: Lease) -> None:
        super().__init__(f"not acquired: {ending(lease)}")
        self.lease = lease
        self.end_reason = _short(lease.end_reason)

    def __reduce__(self) -> tuple[type[NotAcquired], tuple[Lease]]:
        return type(self), (self.lease,)


class LeaseLost(Exception):
    """The lease is over or about to be, and the body must have stopped: what it did last may have met a successor.

    ``why`` is for people; ``end_reason`` is a word, ``"FORCE_RELEASED"``, ``"EXPIRED"``, …, or empty when nobody knows yet
    because the server is out of reach. ``__cause__`` is what the body raised, if it did.
    """

    lease_id: str
    why: str
    end_reason: str

    def __init__(self, lease_id: str, why: str, end_reason: str = "") -> None:
        super().__init__(f"lease {lease_id} lost: {why}")
        self.lease_id = lease_id
        self.why = why
        self.end_reason = end_reason

    def __reduce__(self) -> tuple[type[LeaseLost], tuple[str, str, str]]:
        return type(self), (self.lease_id, self.why, self.end_reason)


def reason_of(error: BaseException) -> str | None:
    """The stable reason that the server gave with an error of a call, such as ``"WRONG_KEY"``; None if there is none."""
    info = _info(error)
    return None if info is None else info.reason


def ending(lease: Lease) -> str:
    """How a lease ended, in words."""
    why = _short(lease.end_reason) or "the server is out of reach"
    return f"{why}: {lease.end_note}" if lease.end_note else why


def lost_with(lease: Lease) -> LeaseLost:
    """The loss that an ended lease is."""
    return LeaseLost(lease.id, ending(lease), _short(lease.end_reason))


def cause_of(loss: LeaseLost, error: BaseException | None) -> BaseException | None:
    """What to raise the loss from: what the body raised, unless it raised that from the loss. Causes must not go round in a circle."""
    seen: list[BaseException] = []
    cause = error
    # The body may have made a circle of its own.
    while cause is not None and cause not in seen:
        if cause is loss:
            return None
        seen.append(cause)
        cause = cause.__cause__
    return error


def verdict(error: BaseException, lease_id: str) -> LeaseLost | None:
    """The loss that the error of a call speaks of; None if it says nothing about the lease."""
    info = _info(error)
    if info is None or info.reason not in {"LEASE_ENDED", "LEASE_NOT_FOUND"}:
        return None
    return LeaseLost(lease_id, words(error), info.metadata.get("end_reason", ""))


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed later: the server is away, draining, full or cut off, and gave no verdict."""
    if not isinstance(error, grpc.RpcError):
        return False
    code, reason = _code(error), reason_of(error)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return reason == "LIMIT_REACHED"
    return code in _PASSING or (code in _BROKEN and reason is None)


def is_unanswered(error: BaseException) -> bool:
    """Whether nothing came in the time that a call was given."""
    return isinstance(error, grpc.RpcError) and _code(error) is grpc.StatusCode.DEADLINE_EXCEEDED


def is_cancelled(error: BaseException) -> bool:
    """Whether we ended the call ourselves."""
    return isinstance(error, grpc.FutureCancelledError) or (isinstance(error, grpc.RpcError) and _code(error) is grpc.StatusCode.CANCELLED)


def words(error: BaseException) -> str:
    """The error in words for people."""
    details = getattr(error, "details", None)
    return str((details() if callable(details) else None) or error)


def _short(reason: EndReason) -> str:
    if reason == END_REASON_UNSPECIFIED:
        return ""
    # A newer server may know reasons that this code does not.
    name = EndReason.Name(reason) if reason in EndReason.values() else f"END_REASON_{reason}"
    return name.removeprefix("END_REASON_")


def _code(error: grpc.RpcError) -> grpc.StatusCode | None:
    # The errors of grpcio's calls are calls, but RpcError does not say so.
    code = getattr(error, "code", None)
    return cast("grpc.StatusCode", code()) if callable(code) else None


def _info(error: BaseException) -> error_details_pb2.ErrorInfo | None:
    trailing = getattr(error, "trailing_metadata", None)
    if not isinstance(error, grpc.RpcError) or not callable(trailing):
        return None
    for key, value in cast("Any", trailing()) or ():
        if key == "grpc-status-details-bin":
            return _first_info(value)
    return None


def _first_info(details: bytes) -> error_details_pb2.ErrorInfo | None:
    info = error_details_pb2.ErrorInfo()
    for detail in status_pb2.Status.FromString(details).details:
        if detail.Unpack(info):
            return info
    return None
