"""Interrupts a thread from another one, while it runs a body.

There are two ways. The main thread gets a signal whose handler raises: that also breaks blocking calls (sleep, locks, sockets,
subprocess.wait). Python runs handlers in the main thread alone, so for the others there is only PyThreadState_SetAsyncExc: the
exception comes as soon as the thread runs Python code again, but a blocking call ends by itself first.
"""

from __future__ import annotations

import ctypes
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Callable, Protocol

from callme import _process

if TYPE_CHECKING:
    from types import FrameType

# SIGURG: ignored by default, so that one that comes late kills nobody; practically unused (Go interrupts its threads with it).
_SIGNAL: int | None = getattr(signal, "SIGURG", None) if hasattr(signal, "pthread_kill") else None
# A signal that comes just before a blocking call begins would not break it: so it is sent until it was seen. In seconds.
_AGAIN = 0.05
# Code of these modules must not be interrupted on its way into a body or out of it.
# And from the start of a command to where its end is seen to.
_PROTECTED = {"callme._hold", "callme._lease", "callme._process", __name__}


class Interrupted(BaseException):
    """Raised in the body of a ``with`` when its lease is lost, its holder asked to stop, or its hold cancelled from another thread.

    The ``with`` turns it into LeaseLost, CancelRequested or CancelledError. No Exception, so that ``except Exception`` lets it through:
    whoever catches it must raise it again.
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


class _Insistent:
    """Tries again and again, in a thread of its own, until it was seen or ``disarm`` ended it.

    No locks and no Events: signal handlers run between any two steps of their thread, also when that has just taken one.
    """

    def __init__(self) -> None:
        self._armed = False
        self._fired = False
        # Seen, or there is nothing to interrupt any more.
        self._done = False

    def arm(self) -> None:
        self._armed = True

    def fire(self) -> None:
        if not self._fired:
            self._fired = True
            threading.Thread(target=self._insist, name="call-me-interrupt", daemon=True).start()

    def _insist(self) -> None:
        while not self._done:
            # Before arm there is nothing to interrupt either, and the signal is somebody else's.
            if self._armed:
                self._try()
            time.sleep(_AGAIN)

    def _try(self) -> None:
        raise NotImplementedError


class _BySignal(_Insistent):
    """``arm`` and ``disarm`` run in the main thread, and so does the handler."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number
        self._previous: Callable[[int, FrameType | None], object] | int | None = None

    def arm(self) -> None:
        self._previous = signal.signal(self._number, self._handle)
        super().arm()

    def disarm(self) -> None:
        self._done = True
        if self._armed and signal.getsignal(self._number) == self._handle:
            # None: it was not Python's.
            signal.signal(self._number, signal.SIG_DFL if self._previous is None else self._previous)
        self._armed = False

    def _try(self) -> None:
        main = threading.main_thread().ident
        if main is not None:
            signal.pthread_kill(main, self._number)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self._fired or self._done:
            # A hold around ours, whose lease is lost; or who used the signal before us.
            if callable(self._previous):
                self._previous(number, frame)
            return
        if _is_protected(frame):
            return
        self._done = True
        raise Interrupted


class _ByThreadState(_Insistent):
    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        # Between _try and disarm. No signal handler takes it.
        self._lock = threading.Lock()
        self._raised = False

    def disarm(self) -> None:
        with self._lock:
            self._done = True
            self._armed = False
            if self._raised:
                # One that has not been raised so far would come out of nowhere later.
                self._raise(None)

    def _try(self) -> None:
        # _insist has just slept or begun, so we have the interpreter for ourselves for some milliseconds: what the frame tells stays true.
        with self._lock:
            if not self._done and not _is_protected(sys._current_frames().get(self._thread)):
                self._raise(Interrupted)
                self._raised = self._done = True

    def _raise(self, kind: type[BaseException] | None) -> None:
        argument = None if kind is None else ctypes.py_object(kind)
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), argument)


def _is_protected(frame: FrameType | None) -> bool:
    """Whether a thread that is just there must be let go on."""
    if frame is not None and frame.f_globals.get("__name__") in _PROTECTED:
        return True
    while frame is not None:
        # What it calls too: a process that nobody knows of cannot be ended.
        if frame.f_code is _process.start.__code__:
            return True
        frame = frame.f_back
    return False
