"""When to renew a lease, and until when it can be relied on: arithmetic alone, with the time given in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from callme._errors import LeaseLost
from callme._options import seconds

if TYPE_CHECKING:
    from callme.v1.types_pb2 import Lease


class Tenure:
    """The times of one HELD lease, in seconds of time.monotonic().

    The server counts from when it got a Renew, we from when we sent it; so our deadline D comes before the server's. At
    ``kill_at``, D − max(0.5 s, 5 % of ttl), the body must have stopped; at ``cancel_at``, min(3 s, 10 %) earlier, it is told.
    D follows what the server says is left, so it also holds where max_hold or not_after ends all renewing.
    """

    def __init__(self, lease: Lease) -> None:
        self._lease_id = lease.id
        self._ttl = seconds(lease.ttl)
        self._sent_at = -math.inf
        self._trouble: str | None = None
        self._capped = False
        self.asked = False
        """Whether the holder has been asked to stop."""
        self.connection = 0
        """Over which connection to send, counted from the last answer: 0 is the one there always is."""
        self._next_connection_at = math.inf
        self.deadline = -math.inf
        """D. Before the first answer nothing can be relied on."""
        self.renew_at = -math.inf
        """When the next Renew is due."""

    @property
    def timeout(self) -> float:
        """How long one Renew may take."""
        return min(max(1.0, self._ttl / 10), 5.0)

    @property
    def kill_at(self) -> float:
        """When nothing may run any more that relies on the lease."""
        return self.deadline - max(0.5, self._ttl * 0.05)

    @property
    def cancel_at(self) -> float:
        """When to tell the body to stop."""
        return self.kill_at - min(3.0, self._ttl * 0.1)

    def sending(self, now: float) -> None:
        """A Renew goes out.

        The next one does not wait for its answer: where a connection is dead without a word, none ever comes. So after a while, further
        connections are tried; not at once, they cost more than a call.
        """
        self.renew_at = now + max(0.05, self._ttl / 40)
        if now >= self._next_connection_at:
            self.connection += 1
        elif math.isfinite(self._next_connection_at):
            return
        self._next_connection_at = now + max(0.5, self._ttl / 20)

    def renewed(self, lease: Lease, sent_at: float) -> None:
        """A Renew was answered. Answers may overtake each other, but no Renew ever shortens a lease: the latest deadline is right."""
        self._trouble = None
        self.connection = 0
        self._next_connection_at = math.inf
        if not lease.HasField("ttl"):
            self.deadline = self.renew_at = math.inf
            return
        self._ttl = seconds(lease.ttl)
        self._capped = _is_capped(lease)
        self._sent_at = max(self._sent_at, sent_at)
        self.deadline = max(self.deadline, sent_at + seconds(lease.ttl_remaining))
        self.renew_at = self._sent_at + self._ttl / 3

    def failed(self, sent_at: float, why: str) -> None:
        """A Renew got no answer, for a reason that may pass."""
        if sent_at > self._sent_at:
            self._trouble = why

    def loss(self) -> LeaseLost:
        """What to say at ``cancel_at``."""
        if self.asked and self._trouble is None:
            return LeaseLost(self._lease_id, "it was to stop by now, as it was asked to")
        if self._capped and self._trouble is None:
            return LeaseLost(self._lease_id, "it cannot be renewed any further: max_hold or not_after is reached")
        return LeaseLost(self._lease_id, f"no contact with the server ({self._trouble or 'no answer'})")


def _is_capped(lease: Lease) -> bool:
    """Whether max_hold or not_after ends all renewing, by the server's own times: how they relate to our clock doesn't matter."""
    ends = lease.HasField("not_after") and lease.HasField("expires_at")
    if ends and lease.expires_at.ToNanoseconds() >= lease.not_after.ToNanoseconds():
        return True
    if not (lease.HasField("granted_at") and lease.HasField("expires_at") and lease.HasField("max_hold")):
        return False
    ran = lease.expires_at.ToNanoseconds() - lease.granted_at.ToNanoseconds()
    return ran >= lease.max_hold.ToNanoseconds()
