"""What a hold says on stderr, at first and while it waits. Nobody waits for whoever reads it: a pipe may be full, a terminal stopped."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from datetime import datetime
from typing import TYPE_CHECKING

from callme._errors import known_as

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from callme.v1.lock_service_pb2 import Misspelling
    from callme.v1.types_pb2 import Lease, Occupant

# What is beyond so many lines is dropped.
_MOST = 16


class _Writer:
    """Writes in a thread of its own, which is there once there is something to write."""

    def __init__(self) -> None:
        self._lines: queue.Queue[tuple[int, bytes]] = queue.Queue(maxsize=_MOST)
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def write(self, descriptor: int, line: bytes) -> None:
        """Never blocks."""
        with self._starting:
            # After a fork there is none.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="call-me-words", daemon=True)
                self._thread.start()
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait((descriptor, line))

    def _work(self) -> None:
        while True:
            descriptor, line = self._lines.get()
            # Past Python's own buffer, whose lock the end of the program would wait for.
            with contextlib.suppress(OSError):
                os.write(descriptor, line)


_writer = _Writer()


def say_waiting(lease: Lease) -> None:
    """Says what a lease waits for, and behind whom."""
    selected = [f"{max(1, need.count)} of {need.selector}" for need in lease.needs if need.selector]
    names = ", ".join([*(one.name for one in lease.environments), *selected])
    behind = f"; held by {', '.join(map(_occupant, lease.holders))}" if lease.holders else ""
    _say(f"call-me: waiting for {names}, position {lease.position} of {lease.queue_length}{behind}\n")


def say_misspelt(one: Misspelling) -> None:
    """Says what was probably meant by a name that nobody has configured."""
    _say(f"call-me: nobody has configured {one.name}; did you mean {' or '.join(one.did_you_mean)}?\n")


def _occupant(one: Occupant) -> str:
    """Who it is, until when at the latest, and where its run can be looked at; as far as that is known."""
    name = one.holder.name or known_as(one) or f"lease {one.lease_id}"
    latest = f" until {_clock(one.latest_end)} at the latest" if one.HasField("latest_end") else ""
    run = f" ({one.holder.run_url})" if one.holder.run_url else ""
    return f"{name}{latest}{run}"


def _clock(time: Timestamp) -> str:
    """A time on this machine's clock, with the date if that is not today's."""
    try:
        local = datetime.fromtimestamp(time.seconds)
    except (OSError, OverflowError, ValueError):
        return "a time that is no date"
    return f"{local:%H:%M}" if local.date() == datetime.now().date() else f"{local:%Y-%m-%d %H:%M}"


def _say(line: str) -> None:
    stream = sys.stderr
    # Without a console (pythonw) there is none.
    if stream is None:
        return
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError, AttributeError):
        # One of the program's own, such as a StringIO.
        with contextlib.suppress(OSError, ValueError):
            stream.write(line)
        return
    _writer.write(descriptor, line.encode("utf-8", "replace"))
