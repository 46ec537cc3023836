"""Processes in a group of their own, which end as a whole and in time."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callme._given import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

GRACE = 3.0
"""From SIGTERM to SIGKILL when there is no hurry, in seconds."""
DEATH = 1.0
"""How long a process may take to be gone after SIGKILL, in seconds. One that hangs in the kernel takes longer."""

# Learns whom to guard, and then reads a goodbye, or the end of the pipe: we are gone, however we ended.
_GUARD = 'trap "" INT TERM HUP; read -r group || exit 0; read -r goodbye && exit 0; kill -9 "-$group"'

# Waits to be told that the guard knows its group, and becomes the command.
_GATE = 'read -r go <"/dev/fd/$0" && exec "$@"'
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)

_WINDOWS = os.name == "nt"


def options(lease: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
    """How to start one: in a session of its own, and with the lease in its environment but not our key."""
    inherited = os.environ if given.get("env") is None else given["env"]
    # What another lease has given is not this one's.
    environment = {**{name: value for name, value in inherited.items() if not str(name).startswith(PREFIX)}, **lease}
    for secret in ("CALL_ME_API_KEY", "CALL_ME_ID_TOKEN"):
        environment.pop(secret, None)
    own: dict[str, Any] = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if _WINDOWS else {"start_new_session": True}  # type: ignore[attr-defined,unused-ignore]
    return {**given, **own, "env": environment}


class Guard:
    """A small process that kills a group when this process dies without a goodbye: of SIGKILL, too, which nobody can catch.

    It has a session of its own, an empty environment and none of our streams. Started before the command, so that no more than the
    group is left to be told. Windows has no groups, and no guard.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        if not _WINDOWS:
            nothing = subprocess.DEVNULL
            line = ["/bin/sh", "-c", _GUARD, "call-me-guard"]
            _guards.add(self)
            self._process = subprocess.Popen(
                line, stdin=subprocess.PIPE, stdout=nothing, stderr=nothing, cwd="/", env={}, start_new_session=True
            )

    def watch(self, group: int) -> None:
        """From here on it kills this group if we die."""
        self._say(f"{group}\n")

    def dismiss(self) -> None:
        """Nothing is left to be guarded."""
        _guards.discard(self)
        self._say("goodbye\n")
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
            self._process.wait()

    def forget(self) -> None:
        """In a process that was forked from ours (multiprocessing): it must not keep the pipe open when we are gone."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                os.close(self._process.stdin.fileno())

    def _say(self, line: str) -> None:
        if self._process is not None and self._process.stdin is not None:
            # Somebody killed the guard.
            with contextlib.suppress(OSError):
                self._process.stdin.write(line.encode())
                self._process.stdin.flush()


_guards: weakref.WeakSet[Guard] = weakref.WeakSet()


def _forget_guards() -> None:
    for guard in list(_guards):
        guard.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_guards)


class Gate:
    """Keeps a command from beginning before its guard knows of it: if we die earlier, nothing is run at all."""

    def __init__(self, args: Sequence[str], popen: Mapping[str, Any]) -> None:
        self.args = args
        self.options: dict[str, Any] = {}
        self._ends: tuple[int, ...] = ()
        environment: Mapping[str, str] = popen["env"]
        # A shell hands on only variables that it could name itself.
        if _WINDOWS or isinstance(args, str) or not popen.keys().isdisjoint({"shell", "executable", "pass_fds"}):
            return
        if not all(_NAME.fullmatch(name) for name in environment):
            return
        # As it would be told without a gate.
        if shutil.which(args[0], path=environment.get("PATH")) is None:
            return
        self._ends = read, _ = os.pipe()
        self.args = ["/bin/sh", "-c", _GATE, str(read), *args]
        self.options = {"pass_fds": (read,)}

    def open(self) -> None:
        """Lets the command begin."""
        if self._ends:
            with contextlib.suppress(OSError):
                os.write(self._ends[1], b"go\n")

    def close(self) -> None:
        """Whether it began or not."""
        for end in self._ends:
            os.close(end)
        self._ends = ()


def start(args: Sequence[str], lease: Mapping[str, str], given: Mapping[str, Any]) -> tuple[subprocess.Popen[Any], Guard]:
    """Starts one, and its guard. Nothing in here is interrupted by Interrupted: see _interrupt."""
    popen = options(lease, given)
    gate, guard = Gate(args, popen), Guard()
    try:
        process = subprocess.Popen(gate.args, **popen, **gate.options)
        guard.watch(process.pid)
        gate.open()
    except BaseException:
        guard.dismiss()
        raise
    finally:
        gate.close()
    return process, guard


def terminate(group: int) -> None:
    """Asks all of it to end."""
    _signal(group, signal.SIGTERM)


def kill(group: int) -> None:
    """Ends all of it."""
    _signal(group, signal.SIGTERM if _WINDOWS else signal.SIGKILL)


def lives(group: int) -> bool:
    """Whether any of it runs. A zombie does not: where nobody reaps orphans (many a container) it stays for ever."""
    if _WINDOWS:
        return False
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    stats = Path("/proc").glob("[0-9]*/stat")
    return sys.platform != "linux" or any(_is_living_member(stat, group) for stat in stats)


def _is_living_member(stat: Path, group: int) -> bool:
    try:
        # pid (name) state ppid pgrp …; the name may hold anything, so what counts stands behind the last bracket.
        state, _, pgrp = stat.read_text(encoding="latin-1").rpartition(")")[2].split()[:3]
    except (OSError, ValueError):
        return False
    return int(pgrp) == group and state not in "ZX"


def stop(process: subprocess.Popen[Any], kill_at: float) -> None:
    """Terminates its group, and kills it at ``kill_at`` (of time.monotonic()) at the latest. Returns when it is gone."""
    try:
        if process.poll() is None or lives(process.pid):
            terminate(process.pid)
        while (process.poll() is None or lives(process.pid)) and time.monotonic() < kill_at:
            time.sleep(0.02)
    finally:
        if process.poll() is None or lives(process.pid):
            kill(process.pid)
        process.wait()
        gone_by = time.monotonic() + DEATH
        while lives(process.pid) and time.monotonic() < gone_by:
            time.sleep(0.005)


@contextlib.contextmanager
def ends_by_exit() -> Iterator[None]:
    """Within, SIGTERM raises SystemExit in the main thread, unless the program has its own way: so all is given back."""
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    if ours:
        signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        if ours and signal.getsignal(signal.SIGTERM) is leave:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def leave(number: int = signal.SIGTERM, frame: object = None) -> None:
    """Ends the program, with the exit code that a shell has for a signal."""
    raise SystemExit(128 + number)


def _signal(group: int, number: int) -> None:
    try:
        if _WINDOWS:
            os.kill(group, number)
        else:
            os.killpg(group, number)
    except OSError:
        # Gone already, or another user's.
        pass
