"""Interrupts a thread from another one, while it runs a body.

There are two ways. The main thread gets a signal whose handler raises: that also breaks blocking calls (sleep, locks, sockets,
subprocess.wait). Python runs handlers in the main thread alone, so for the others there is only PyThreadState_SetAsyncExc: the
exception comes as soon as the thread runs Python code again, but a blocking call ends by itself first.
"""

from __future__ import annotations

import ctypes
import signal
import threading
from typing import TYPE_CHECKING, Callable, Protocol

if TYPE_CHECKING:
    from types import FrameType

# SIGURG: ignored by default, so that one that comes late kills nobody; practically unused (Go interrupts its threads with it).
_SIGNAL: int | None = getattr(signal, "SIGURG", None) if hasattr(signal, "pthread_kill") else None
# A signal that comes just before a blocking call begins would not break it: so it is sent until it was seen. In seconds.
_AGAIN = 0.05
# Code of this module must not be interrupted on its way into a body or out of it.
_PROTECTED = "callme._hold"


class Interrupted(BaseException):
    """Raised in the body of a ``with`` when its lease is lost, or its hold is cancelled from another thread.

    The ``with`` turns it into LeaseLost or CancelledError. No Exception, so that ``except Exception`` lets it through: whoever
    catches it must raise it again.
    """


class Interrupter(Protocol):
    """Interrupts the thread that made it, once, between ``arm`` and ``disarm``."""

    def arm(self) -> None:
        """From here on it interrupts, also for a ``fire`` that came before."""

    def fire(self) -> None:
        """Interrupts, from any thread. Never blocks."""

    def disarm(self) -> None:
        """From here on nothing is interrupted. Safe to call again."""


def interrupter() -> Interrupter:
    """The right one for this thread."""
    if threading.current_thread() is threading.main_thread() and _SIGNAL is not None:
        return _BySignal(_SIGNAL)
    return _ByThreadState()


class Unmoved:
    """For bodies that must not be interrupted, but look for themselves."""

    def arm(self) -> None:
        """Does nothing."""

    def fire(self) -> None:
        """Does nothing."""

    def disarm(self) -> None:
        """Does nothing."""


class _BySignal:
    """All but ``fire`` runs in the main thread, and so does the handler: nothing comes between two of its lines."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._previous: Callable[[int, FrameType | None], object] | int | None = None
        self._armed = False
        # Seen by the handler, or there is nothing to interrupt any more.
        self._done = threading.Event()
        self._fired = False

    def arm(self) -> None:
        self._previous = signal.signal(self._number, self._handle)
        self._armed = True

    def fire(self) -> None:
        if not self._fired:
            self._fired = True
            threading.Thread(target=self._insist, name="call-me-interrupt", daemon=True).start()

    def disarm(self) -> None:
        self._done.set()
        if self._armed and signal.getsignal(self._number) == self._handle:
            # None: it was not Python's.
            signal.signal(self._number, signal.SIG_DFL if self._previous is None else self._previous)
        self._armed = False

    def _insist(self) -> None:
        main = threading.main_thread().ident
        while main is not None and not self._done.is_set():
            # Before arm the signal is somebody else's.
            if self._armed:
                signal.pthread_kill(main, self._number)
            self._done.wait(_AGAIN)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._fired or self._done.is_set():
            # A hold around ours, whose lease is lost; or who used the signal before us.
            if callable(self._previous):
                self._previous(number, frame)
            return
        if frame is not None and frame.f_globals.get("__name__") == _PROTECTED:
            return
        self._done.set()
        raise Interrupted


class _ByThreadState:
    def __init__(self) -> None:
        self._thread = ctypes.c_ulong(threading.get_ident())
        self._lock = threading.Lock()
        self._armed = False
        self._wanted = False

    def arm(self) -> None:
        with self._lock:
            self._armed = True
            if self._wanted:
                self._raise(Interrupted)

    def fire(self) -> None:
        with self._lock:
            if not self._wanted and self._armed:
                self._raise(Interrupted)
            self._wanted = True

    def disarm(self) -> None:
        with self._lock:
            if self._armed and self._wanted:
                # One that has not been raised so far would come out of nowhere later.
                self._raise(None)
            self._armed = False

    def _raise(self, kind: type[BaseException] | None) -> None:
        argument = None if kind is None else ctypes.py_object(kind)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(self._thread, argument)
