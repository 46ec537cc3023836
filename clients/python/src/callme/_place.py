"""A place in line, from the first Acquire to the grant: what is known, and what that means. It calls nobody."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Callable

from callme._errors import NotAcquired, is_transient
from callme._options import seconds
from callme._retry import FAREWELL, PATIENCE
from callme.v1.types_pb2 import LEASE_STATE_ENDED, LEASE_STATE_HELD, LEASE_STATE_QUEUED

if TYPE_CHECKING:
    from callme.v1.lock_service_pb2 import AcquireRequest, AcquireResponse
    from callme.v1.types_pb2 import Lease

# After so long without an answer it is sent again, in seconds: no Acquire of ours asks the server to wait.
_CALL_TIMEOUT = 5.0


class Place:
    """What the server has told about one request so far."""

    def __init__(self, request: AcquireRequest, on_waiting: Callable[[Lease], object] | None) -> None:
        self.request = request
        self.lease: Lease | None = None
        self.token = ""
        self._on_waiting = on_waiting
        self._told: tuple[int, int] | None = None
        # When it makes no sense any more to look for a server that is out of reach.
        self._given_up_at = time.monotonic() + PATIENCE
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
    def call_timeout(self) -> float:
        """How long an Acquire may take, in seconds."""
        return max(FAREWELL, min(_CALL_TIMEOUT, self._given_up_at - time.monotonic()))

    @property
    def farewell(self) -> float:
        """How long it may still take to give it up, in seconds."""
        return max(0.0, min(FAREWELL, self._farewell_ends - time.monotonic()))

    def give_up(self) -> None:
        """Somebody wants us to end: from here on the farewell counts."""
        self._farewell_ends = min(self._farewell_ends, time.monotonic() + FAREWELL)

    def answered(self, answer: AcquireResponse) -> None:
        """Acquire was answered."""
        first = self.lease is None
        self.token = answer.lease_token
        if first:
            # The server's own timer comes first, and ours is for when it can't be heard.
            limited = answer.lease.HasField("queue_timeout")
            patience = seconds(answer.lease.queue_timeout) + FAREWELL if limited else math.inf
            self._given_up_at = time.monotonic() + patience
        self.heard(answer.lease)

    def heard(self, lease: Lease) -> None:
        """The stream, or an answer, told about the lease."""
        self.lease = lease
        seen = (lease.position, lease.queue_length)
        if lease.state == LEASE_STATE_QUEUED and seen != self._told and self._on_waiting is not None:
            self._told = seen
            self._on_waiting(lease)

    def failed(self, error: BaseException) -> None:
        """A call failed: returns if it makes sense to ask again, else raises what the hold fails with."""
        if not is_transient(error):
            raise error
        if time.monotonic() >= self._given_up_at:
            raise error if self.lease is None else NotAcquired(self.lease)

    def held(self) -> Lease:
        """The lease, once it is settled. Raises NotAcquired if it is not held."""
        if self.lease is None:
            raise RuntimeError("the server answered without a lease")
        if self.lease.state != LEASE_STATE_HELD:
            raise NotAcquired(self.lease)
        return self.lease
