"""A place in line, from the first Acquire to the grant: what is known, and what that means. It calls nobody."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING

import grpc

from callme._errors import CallFailed, delay, is_transient, is_unidentified, not_acquired, refusal
from callme._options import seconds
from callme._retry import FAREWELL, PATIENCE, Backoff
from callme._ticket import Ticket
from callme.v1.lock_service_pb2 import AcquireRequest, AcquireResponse
from callme.v1.types_pb2 import LEASE_STATE_ENDED, LEASE_STATE_HELD, LEASE_STATE_QUEUED

if TYPE_CHECKING:
    from callme._options import Observer
    from callme.v1.lock_service_pb2 import GetLeaseResponse
    from callme.v1.types_pb2 import Lease

# After so long without an answer an Acquire is sent again, in seconds, beside the time that it asks the server to wait.
_CALL_TIMEOUT = 5.0


class Place:
    """What the server has told about one request so far."""

    def __init__(self, request: AcquireRequest, observer: Observer, ticket: Ticket | None = None) -> None:
        self._request = request
        self.ticket = ticket
        """What is picked up, instead of asked for; or what is ours already, once nobody knows us any more."""
        # When to stand in line no longer, with IF_BUSY_FAIL.
        self._until = time.monotonic() + seconds(request.wait)
        self.lease: Lease | None = None
        self.token = ""
        self._backoff = Backoff()
        self._delay = 0.0
        self._asked = False
        self._observer = observer
        self._told: tuple[int, int] | None = None
        # When it makes no sense any more to look for a server that is out of reach.
        self._given_up_at = self._until + PATIENCE
        self._farewell_ends = math.inf

    @property
    def settled(self) -> bool:
        """Whether there is nothing left to wait for."""
        return self.lease is not None and self.lease.state in {LEASE_STATE_HELD, LEASE_STATE_ENDED}

    @property
    def open(self) -> bool:
        """Whether there is something to give back."""
        return self.lease is not None and self.lease.state != LEASE_STATE_ENDED

    @property
    def patience(self) -> float | None:
        """How long a stream may be listened to, in seconds; None: as long as it lasts."""
        left = self._given_up_at - time.monotonic()
        return None if math.isinf(left) else max(0.0, left)

    @property
    def request(self) -> AcquireRequest:
        """What to ask: to wait for what is left of ``wait``, which is no part of what a request_id stands for."""
        if not self._request.HasField("wait"):
            return self._request
        asked = AcquireRequest()
        asked.CopyFrom(self._request)
        asked.wait.FromTimedelta(timedelta(seconds=self._left))
        return asked

    @property
    def call_timeout(self) -> float:
        """How long an Acquire may take, in seconds."""
        return max(FAREWELL, min(self._left + _CALL_TIMEOUT, self._given_up_at - time.monotonic()))

    @property
    def _left(self) -> float:
        return max(0.0, self._until - time.monotonic())

    @property
    def farewell(self) -> float:
        """How long it may still take to give it up, in seconds."""
        return max(0.0, min(FAREWELL, self._farewell_ends - time.monotonic()))

    def pause(self) -> float:
        """How long to wait before the next Acquire, in seconds; the first is sent at once."""
        first, self._asked = not self._asked, True
        least, self._delay = self._delay, 0.0
        return 0.0 if first else self._backoff.pause(least)

    def followed(self, length: float) -> None:
        """A stream lived for so many seconds."""
        self._backoff.lasted(length)

    def give_up(self) -> None:
        """Somebody wants us to end: from here on the farewell counts."""
        self._farewell_ends = min(self._farewell_ends, time.monotonic() + FAREWELL)

    def answered(self, answer: AcquireResponse | GetLeaseResponse) -> None:
        """Acquire was answered or, where a ticket is picked up, GetLease."""
        first = self.lease is None
        if isinstance(answer, AcquireResponse):
            self.token = answer.lease_token
        elif self.ticket is not None:
            self.token = self.ticket.lease_token
        if first:
            # The server's own timer comes first, and ours is for when it can't be heard.
            limited = answer.lease.HasField("queue_timeout")
            patience = _later_by(answer.lease) + seconds(answer.lease.queue_timeout) + FAREWELL if limited else math.inf
            self._given_up_at = time.monotonic() + patience
            if self._observer.misspelt is not None and isinstance(answer, AcquireResponse):
                for one in answer.misspellings:
                    self._observer.misspelt(one)
        self.heard(answer.lease)

    def heard(self, lease: Lease) -> None:
        """The stream, or an answer, told about the lease."""
        self.lease = lease
        seen = (lease.position, lease.queue_length)
        if lease.state == LEASE_STATE_QUEUED and seen != self._told and self._observer.waiting is not None:
            self._told = seen
            self._observer.waiting(lease)

    def failed(self, error: BaseException) -> None:
        """A call failed: returns if it makes sense to ask again, else raises what the hold fails with."""
        if self.ticket is None and self.lease is not None and self.token and is_unidentified(error):
            # As a CI job's token ends before its waiting does. The place is ours by its own token.
            self.ticket = Ticket(self.lease.id, self.token, self._request.request_id)
            return
        if not is_transient(error):
            refused = refusal(error)
            if refused is None or not isinstance(error, grpc.RpcError):
                raise error
            # grpcio's own error says the same in ten lines.
            raise refused from CallFailed(error)
        if time.monotonic() >= self._given_up_at:
            if self.lease is None:
                raise error
            raise not_acquired(self.lease) from error
        self._delay = delay(error)

    def left(self) -> Lease:
        """The lease, once it is answered, for others to pick up. Raises NotAcquired if it has ended."""
        if self.lease is None:
            raise RuntimeError("the server answered without a lease")
        if self.lease.state == LEASE_STATE_ENDED:
            raise not_acquired(self.lease)
        return self.lease

    def held(self) -> Lease:
        """The lease, once it is settled. Raises NotAcquired if it is not held."""
        if self.lease is None:
            raise RuntimeError("the server answered without a lease")
        if self.lease.state != LEASE_STATE_HELD:
            raise not_acquired(self.lease)
        return self.lease


def _later_by(lease: Lease) -> float:
    """How long after it was asked for a reservation enters the line, in seconds: its queue_timeout runs from then."""
    if not (lease.HasField("not_before") and lease.HasField("created_at")):
        return 0.0
    return max(0.0, (lease.not_before.ToNanoseconds() - lease.created_at.ToNanoseconds()) / 1e9)
