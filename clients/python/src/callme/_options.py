"""What a hold is asked for."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, TypedDict, Union

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from callme._holder import describe_holder
from callme._words import say_misspelt, say_waiting
from callme.v1.lock_service_pb2 import IF_BUSY_FAIL, AcquireRequest
from callme.v1.types_pb2 import Need

if TYPE_CHECKING:
    from collections.abc import Iterable

    from callme.v1.lock_service_pb2 import IfBusy, Misspelling, Supersede
    from callme.v1.types_pb2 import Holder, Lease

Seconds = Union[int, float, timedelta]
"""A length of time, in seconds."""

_TTL = 60
_LENGTHS = {"ttl", "max_hold", "wait", "queue_timeout", "ticket_ttl", "claim_timeout"}
_TIMES = {"not_before", "not_after"}
_LONGEST_WAIT = 60
# What is no part of the request.
_OURS = {"on_waiting", "quiet"}


HELP = """
Options (lengths of time are seconds, or a timedelta):
    ttl            how long the lease outlives its last renewal, 1 s to 30 d (60 s; with auto_claim until not_after)
    max_hold       the longest it can be held with any number of renewals (4 h, or the environment's)
    queue_timeout  how long to wait in line, then NotAcquired (for ever)
    ticket_ttl     how long the place in line outlives the last contact with the server (60 s)
    claim_timeout  how long a grant waits for a client that is out of contact (5 s)
    if_busy        callme.IF_BUSY_FAIL: raise NotAcquired instead of waiting
    wait           with callme.IF_BUSY_FAIL: how long to stand in line before that, 60 s at most (not at all)
    not_before     a datetime: enter the line then, ahead of all who ask later (now)
    not_after      a datetime: end then at the latest (none)
    auto_claim     True, for who has no process: a grant is held at once; needs not_after
    supersede_key  what can take each other's place, such as the runs of one branch
    supersede      callme.SUPERSEDE_PENDING: end older ones that wait; callme.SUPERSEDE_HELD: and ask those that are held to stop
    pool           the environments' pool (theirs, or "default")
    priority       -10 to 10; each step counts as ten minutes of waiting (0)
    request_id     whoever asks with the same one gets the same lease (random)
    holder         callme.Holder(name=…): who it is for (the CI system's run, or user@host)
    reason         what it is for; others who wait will see it
    tags           free words to find the lease by, at most 16
    on_waiting     called with the lease when it waits, and when its position has changed
    quiet          True: say nothing on stderr while it waits, nor of a misspelt name
"""
"""HoldOptions for help(), which shows no more of ``**options`` than its name."""


class HoldOptions(TypedDict, total=False):
    """How to ask for environments. All but ``on_waiting`` and ``quiet`` are the fields of AcquireRequest."""

    ttl: Seconds
    """How long the lease outlives its last renewal, 1 s to 30 d; 60 s, or with ``auto_claim`` until ``not_after``, unless given."""
    max_hold: Seconds
    """The longest it can be held with any number of renewals; 4 h, or the environment's, unless given."""
    queue_timeout: Seconds
    """How long to wait in line; for ever unless given. Then NotAcquired is raised."""
    ticket_ttl: Seconds
    """How long the place in line outlives the last contact with the server; 60 s unless given."""
    claim_timeout: Seconds
    """How long a grant waits for a client that is out of contact; 5 s unless given. Then the next one is served, and this one later."""
    if_busy: IfBusy
    """``callme.IF_BUSY_FAIL``: raise NotAcquired, at once or after ``wait``, instead of waiting for as long as it takes."""
    wait: Seconds
    """With ``callme.IF_BUSY_FAIL``: how long to stand in line before that, 60 s at most. Nothing tells of the position meanwhile."""
    not_before: datetime
    """A reservation: enter the line at this time, ahead of all who ask later. Without a time zone it is local time, as everywhere."""
    not_after: datetime
    """End then at the latest."""
    auto_claim: bool
    """For who has no process: a grant is held at once, and needs no sign of life. Needs ``not_after``."""
    supersede_key: str
    """What can take each other's place, such as the runs of one branch; see ``supersede`` and CancelRequested."""
    supersede: Supersede
    """What becomes of our older ones: ``callme.SUPERSEDE_PENDING`` ends those that wait, ``callme.SUPERSEDE_HELD`` asks holders, too."""
    pool: str
    """The environments' pool; theirs, or "default", unless given."""
    priority: int
    """-10 to 10; each step counts as ten minutes of waiting."""
    request_id: str
    """Whoever asks with the same one gets the same lease; random unless given."""
    holder: Holder
    """Who it is for: others who wait will see it. What is left empty is filled in from the CI system's variables, or is user@host."""
    reason: str
    """What it is for: others who wait will see it."""
    tags: Iterable[str]
    """Free words to find the lease by, at most 16."""
    on_waiting: Callable[[Lease], object]
    """Called with the lease when it waits, and when its position has changed. It must not block. What it raises ends the hold."""
    quiet: bool
    """Say nothing on stderr, of waiting or of a name that may be misspelt, where there is no ``on_waiting`` either."""


class Observer(NamedTuple):
    """Who is told how the asking goes."""

    waiting: Callable[[Lease], object] | None
    """Of the lease when it waits, and when its position has changed."""
    misspelt: Callable[[Misspelling], object] | None
    """Of each name that nobody has configured and that is near to configured ones, once."""


def request_for(wanted: tuple[str | Need, ...], options: HoldOptions) -> AcquireRequest:
    """The one request that every try sends. Raises TypeError or ValueError for what cannot be asked."""
    if not wanted:
        raise TypeError("name at least one environment to hold")
    fields: dict[str, Any] = {name: value for name, value in options.items() if name not in _OURS and value is not None}
    fields.setdefault("request_id", str(uuid.uuid4()))
    if not fields.get("auto_claim"):
        fields.setdefault("ttl", _TTL)
    fields["holder"] = describe_holder(os.environ, fields.get("holder"))
    fields.update({name: _duration(name, fields[name]) for name in _LENGTHS & fields.keys()})
    fields.update({name: _timestamp(name, fields[name]) for name in _TIMES & fields.keys()})
    if isinstance(fields.get("tags"), (str, Mapping)):
        raise TypeError(f'tags must be several texts, such as ["nightly"], not {fields["tags"]!r}')
    for one in wanted:
        if not isinstance(one, (str, Need)):
            raise TypeError(
                f"{one!r} is no environment; give names, each as an argument of its own, or callme.Need(selector=…, count=…, slots=…)"
            )
    if "wait" in fields:
        _check_wait(fields["wait"], fields.get("if_busy"))
    needs = [Need(environment=one) if isinstance(one, str) else one for one in wanted]
    return AcquireRequest(needs=needs, **fields)


def observer_of(options: HoldOptions) -> Observer:
    """Whom to tell."""
    return watcher(options.get("on_waiting"), quiet=options.get("quiet", False))


def watcher(on_waiting: Callable[[Lease], object] | None, *, quiet: bool) -> Observer:
    """The same by what was said of it."""
    return Observer(on_waiting, None) if quiet or on_waiting else Observer(say_waiting, say_misspelt)


def seconds(duration: Duration) -> float:
    """A protobuf Duration in seconds."""
    return duration.seconds + duration.nanos / 1e9


def _check_wait(wait: Duration, if_busy: IfBusy | None) -> None:
    if if_busy != IF_BUSY_FAIL:
        raise ValueError("wait goes with if_busy=callme.IF_BUSY_FAIL; queue_timeout limits how long to stand in line")
    if seconds(wait) > _LONGEST_WAIT:
        raise ValueError(f"wait is {seconds(wait):g} s, and 60 s at most; to wait longer give queue_timeout instead, without if_busy")


def _timestamp(name: str, time: datetime) -> Timestamp:
    if not isinstance(time, datetime):
        raise TypeError(f"{name} must be a datetime, not {time!r}")
    timestamp = Timestamp()
    timestamp.FromDatetime(time.astimezone(timezone.utc))
    return timestamp


def _duration(name: str, length: Seconds) -> Duration:
    if not isinstance(length, (int, float, timedelta)):
        raise TypeError(f"{name} must be seconds, or a timedelta, not {length!r}")
    duration = Duration()
    duration.FromTimedelta(length if isinstance(length, timedelta) else timedelta(seconds=length))
    return duration
