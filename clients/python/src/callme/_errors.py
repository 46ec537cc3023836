"""What can go wrong with a hold, and what the errors of calls mean for one."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc
from google.rpc import error_details_pb2, status_pb2

from callme._given import missing_variables, without_variables
from callme._token_error import TokenError
from callme._unheard import unheard
from callme.v1.types_pb2 import END_REASON_UNSPECIFIED, LEASE_STATE_ENDED, LEASE_STATE_HELD, EndReason

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from callme.v1.types_pb2 import EndedBy, Lease, Occupant

M = TypeVar("M", bound="Message")

# The answer to what was asked, whatever its code: whoever asks again waits, and was told not to.
_FINAL = {"ENVIRONMENT_BUSY", "QUEUE_FULL", "QUOTA_REACHED", "UNSATISFIABLE"}
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


# Seconds: whoever is told to stay away for longer looks again after this.
_LONGEST_DELAY = 30.0


class NotAcquired(Exception):
    """The lease ended before it was held, or the server refused it.

    ``reason`` says why in a word: that of the lease's end, ``"TIMED_OUT"``, ``"UNSATISFIABLE"``, …; where the server refused it,
    ``"ENVIRONMENT_BUSY"``, ``"QUEUE_FULL"``, ``"QUOTA_REACHED"`` or ``"UNSATISFIABLE"``; where it lacks what the environment should give,
    ``"MISSING_VARIABLES"``. It is empty when the server was out of reach until ``queue_timeout`` had passed.
    ``lease`` is how it ended; None if it was refused. ``holders`` tells with ``"ENVIRONMENT_BUSY"`` and ``"QUEUE_FULL"`` who is on it, in
    the server's words. ``__cause__`` is the error of the call, if one was the reason.
    """

    why: str
    reason: str
    lease: Lease | None
    holders: str

    def __init__(self, why: str, reason: str, lease: Lease | None = None, holders: str = "") -> None:
        super().__init__(f"not acquired: {why}")
        self.why = why
        self.reason = reason
        self.lease = lease
        self.holders = holders

    def __reduce__(self) -> tuple[type[NotAcquired], tuple[str, str, Lease | None, str]]:
        return type(self), (self.why, self.reason, self.lease, self.holders)


class LeaseLost(Exception):
    """The lease is over or about to be, and the body must have stopped: what it did last may have met a successor.

    ``why`` is for people; ``end_reason`` is a word, ``"FORCE_RELEASED"``, ``"EXPIRED"``, …, or empty when it has not ended, or nobody
    knows yet because the server is out of reach. ``__cause__`` is what the body raised, if it did.
    """

    lease_id: str
    why: str
    end_reason: str

    def __init__(self, lease_id: str, why: str, end_reason: str = "") -> None:
        super().__init__(f"lease {lease_id} lost: {why}")
        self.lease_id = lease_id
        self.why = why
        self.end_reason = end_reason
        # Released with its own token, for example by the body before its last steps.
        self._given_back = False

    def __reduce__(self) -> tuple[type[LeaseLost], tuple[str, str, str]]:
        return type(self), (self.lease_id, self.why, self.end_reason)


class CancelRequested(Exception):
    """The holder was asked to stop, for a newer request with its ``supersede_key``: the body is interrupted, or cancelled.

    The lease is kept until the body has ended, or the ``deadline`` has passed. ``by`` tells who asks: the principal, holder and lease of
    the newer request; ``reason`` why, in words.
    """

    lease_id: str
    by: EndedBy
    reason: str
    deadline: datetime | None

    def __init__(self, lease_id: str, by: EndedBy, reason: str, deadline: datetime | None) -> None:
        super().__init__(f"lease {lease_id}: asked to stop by {by.holder.name or known_as(by) or 'somebody'}: {reason}")
        self.lease_id = lease_id
        self.by = by
        self.reason = reason
        self.deadline = deadline

    def __reduce__(self) -> tuple[type[CancelRequested], tuple[str, EndedBy, str, datetime | None]]:
        return type(self), (self.lease_id, self.by, self.reason, self.deadline)


class CallFailed(grpc.RpcError):
    """The server refused a call of a hold, or was never reached: in one line, where grpcio's own error has ten.

    Where no server has judged it, the line names the address, and what to do. ``code()``, ``details()`` and ``trailing_metadata()`` are
    those of grpcio's error; see also reason_of.
    """

    def __init__(self, error: grpc.RpcError, url: str | None = None) -> None:
        code, reason, told = _code(error), reason_of(error), words(error)
        status = code.name if code else "UNKNOWN"
        if reason is None and url is not None and not isinstance(error, TokenError):
            told = unheard(status, told, url)
        super().__init__(f"{reason or status}: {told}")
        self._error: Any = error

    def code(self) -> grpc.StatusCode:
        """The status."""
        return cast("grpc.StatusCode", self._error.code())

    def details(self) -> str:
        """What the server said, in words."""
        return words(self._error)

    def trailing_metadata(self) -> Any:
        """What came with it."""
        return self._error.trailing_metadata()


def reason_of(error: BaseException) -> str | None:
    """The stable reason that the server gave with an error of a call, such as ``"WRONG_KEY"``; None if there is none."""
    info = _info(error)
    return None if info is None else info.reason


def ending(lease: Lease) -> str:
    """How a lease ended, and who ended it if somebody did, in words."""
    why = _short(lease.end_reason) or "the server is out of reach"
    by = lease.ended_by
    holder, principal = by.holder.name, ", ".join(filter(None, [by.principal_label, by.principal]))
    who = f"{holder} ({principal})" if holder and principal else holder or known_as(by)
    ended = f"{why} by {who}" if who else why
    return f"{ended}: {lease.end_note}" if lease.end_note else ended


def known_as(one: EndedBy | Occupant) -> str:
    """Who the server knows somebody to be: the label, if there is one, and the principal, which nobody else can have."""
    return f"{one.principal_label} ({one.principal})" if one.principal_label else one.principal


def not_acquired(lease: Lease) -> NotAcquired:
    """What a lease is that will not be held."""
    return NotAcquired(ending(lease), _short(lease.end_reason), lease)


def lacking(lease: Lease) -> NotAcquired | None:
    """What a lease is that was granted without all that the server should give with it; None if it gives all."""
    missing = missing_variables(lease)
    if not missing:
        return None
    why = f"the server has no value for {', '.join(missing)}; its operator has to set it there"
    return NotAcquired(why, "MISSING_VARIABLES", without_variables(lease))


def asked_in(lease: Lease) -> CancelRequested | None:
    """Who asks the holder of a lease to stop; None if nobody does."""
    if not lease.HasField("cancel_requested"):
        return None
    request = lease.cancel_requested
    deadline = request.deadline.ToDatetime(timezone.utc) if request.HasField("deadline") else None
    return CancelRequested(lease.id, request.by, request.reason, deadline)


def refusal(error: BaseException) -> NotAcquired | None:
    """What a call is that the server refused for good; None if the error says anything else."""
    info = _info(error)
    if info is None or info.reason not in _FINAL:
        return None
    return NotAcquired(words(error), info.reason, holders=info.metadata.get("holders", ""))


def loss_in(lease: Lease, fencing_token: int) -> LeaseLost | None:
    """The loss that the server tells of by showing a lease; None while it is held as it was.

    A server that did not learn that its grant had arrived takes it back. The next grant is another one: others may have been served.
    """
    if lease.state == LEASE_STATE_ENDED:
        lost = LeaseLost(lease.id, ending(lease), _short(lease.end_reason))
        lost._given_back = lost.end_reason == "RELEASED" and (not lease.HasField("ended_by") or lease.ended_by.lease_id == lease.id)
        return lost
    if lease.state != LEASE_STATE_HELD:
        return LeaseLost(lease.id, "it was taken back, and stands in line again")
    now = fencing_token_of(lease)
    if now != fencing_token:
        return LeaseLost(lease.id, f"it was taken back, and granted anew with another fencing token: {now} instead of {fencing_token}")
    return None


def fencing_token_of(lease: Lease) -> int:
    """That of its grant, the same on all its environments."""
    return lease.environments[0].fencing_token if lease.environments else 0


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
    lost = LeaseLost(lease_id, words(error), info.metadata.get("end_reason", ""))
    lost._given_back = lost.end_reason == "RELEASED" and info.metadata.get("ended_by_lease", lease_id) == lease_id
    return lost


def is_given_back(loss: LeaseLost) -> bool:
    """Whether what ended it is no loss: it was released with its own token."""
    return loss._given_back


def is_transient(error: BaseException) -> bool:
    """Whether the same call may succeed later: the server is away, draining, full or cut off, and gave no verdict."""
    if not isinstance(error, grpc.RpcError):
        return False
    code, reason = _code(error), reason_of(error)
    if reason in _FINAL:
        return False
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        # A limit, or too much to do; without a RetryInfo it is the request itself that is too large.
        return _detail(error, error_details_pb2.RetryInfo) is not None
    return code in _PASSING or (code in _BROKEN and reason is None)


def delay(error: BaseException) -> float:
    """How long to wait at least before the next try, in seconds, where the server counts tries and has said so (RATE_LIMITED); else 0."""
    if reason_of(error) != "RATE_LIMITED":
        return 0.0
    info = _detail(error, error_details_pb2.RetryInfo)
    return 0.0 if info is None else min(_LONGEST_DELAY, info.retry_delay.ToTimedelta().total_seconds())


def is_unidentified(error: BaseException) -> bool:
    """Whether it is not known any more who we are: a token was refused, or was not to be had, or a key was."""
    return isinstance(error, TokenError) or (isinstance(error, grpc.RpcError) and _code(error) is grpc.StatusCode.UNAUTHENTICATED)


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
    return _detail(error, error_details_pb2.ErrorInfo)


def _detail(error: BaseException, kind: type[M]) -> M | None:
    """The first detail of this kind that the server sent with the error of a call."""
    trailing = getattr(error, "trailing_metadata", None)
    if not isinstance(error, grpc.RpcError) or not callable(trailing):
        return None
    for key, value in cast("Any", trailing()) or ():
        if key == "grpc-status-details-bin":
            return _first(value, kind())
    return None


def _first(details: bytes, into: M) -> M | None:
    for detail in status_pb2.Status.FromString(details).details:
        if detail.Unpack(into):
            return into
    return None
