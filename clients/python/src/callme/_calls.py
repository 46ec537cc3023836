"""Blocking calls that another thread can end."""

from __future__ import annotations

import threading
import time
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import TYPE_CHECKING, Callable, Protocol, TypeVar

import grpc

from callme._errors import delay, is_transient
from callme._retry import PATIENCE, Backoff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from callme._connection import Connection
    from callme.v1.lock_service_pb2_grpc import LockServiceStub

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Cancellable(Protocol):
    """A call that is under way."""

    def cancel(self) -> object:
        """Ends it."""


class Pending(Cancellable, Protocol[T_co]):
    """A call that is under way and has one answer."""

    def result(self, timeout: float | None = None) -> T_co:
        """Waits for the answer, or raises what became of it."""


class Calls:
    """The calls of a hold that its thread waits for, one at a time. Another thread may end them all, by ``cancel``."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self._lock = threading.Lock()
        self._current: Cancellable | None = None
        self._farewell = 0.0

    def cancel(self) -> None:
        """Ends what is under way, after its farewell, and all that would come after it."""
        with self._lock:
            self.cancelled.set()
            current, farewell = self._current, self._farewell
        if current is None:
            return
        if farewell > 0:
            timer = threading.Timer(farewell, current.cancel)
            timer.daemon = True
            timer.start()
        else:
            current.cancel()

    def check(self) -> None:
        """Raises CancelledError if it was cancelled."""
        if self.cancelled.is_set():
            raise CancelledError

    @contextmanager
    def under_way(self, call: Cancellable, farewell: float = 0) -> Iterator[None]:
        """Whoever cancels while the block runs ends this call, ``farewell`` seconds later."""
        with self._lock:
            self._current, self._farewell = call, farewell
        try:
            if self.cancelled.is_set():
                call.cancel()
            yield
        except (grpc.RpcError, grpc.FutureCancelledError):
            self.check()
            raise
        finally:
            with self._lock:
                self._current = None

    def answer(self, call: Pending[T], farewell: float = 0) -> T:
        """Waits for the answer. Raises CancelledError if it was cancelled and there is none."""
        with self.under_way(call, farewell):
            return call.result()

    def pause(self, seconds: float) -> None:
        """Waits. Raises CancelledError as soon as it is cancelled."""
        if self.cancelled.wait(seconds):
            raise CancelledError


def persist(calls: Calls, connection: Connection, send: Callable[[LockServiceStub], Pending[T]], patience: float = PATIENCE) -> T:
    """Sends a call until it is answered, fails for good, or the server was out of reach for ``patience`` seconds.

    It must be safe to repeat.
    """
    backoff = Backoff()
    given_up_at = time.monotonic() + patience
    current = connection
    while True:
        try:
            return calls.answer(send(current.locks))
        except grpc.RpcError as error:
            pause = backoff.pause(delay(error))
            if not is_transient(error) or time.monotonic() + pause >= given_up_at:
                raise
        finally:
            if current is not connection:
                current.close()
        calls.pause(pause)
        current = connection.another()


class Watchdog:
    """Ends a stream from which nothing was heard for ``silence`` seconds: a connection can die without a word."""

    def __init__(self, stream: Cancellable, silence: float) -> None:
        self._stream = stream
        self._silence = silence
        self._heard = threading.Event()
        self._over = False
        self._thread = threading.Thread(target=self._watch, name="call-me-silence", daemon=True)

    def heard(self) -> None:
        """A message came."""
        self._heard.set()

    def __enter__(self) -> Watchdog:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over = True
        self._heard.set()
        self._stream.cancel()

    def _watch(self) -> None:
        while self._heard.wait(self._silence) and not self._over:
            self._heard.clear()
        self._stream.cancel()
