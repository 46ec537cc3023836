"""Processes in a group of their own, which end as a whole and in time."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

GRACE = 3.0
"""From SIGTERM to SIGKILL when there is no hurry, in seconds."""

_WINDOWS = os.name == "nt"


def options(lease: Mapping[str, str], given: Mapping[str, Any]) -> dict[str, Any]:
    """How to start one: in a session of its own, and with the lease in its environment but not our key."""
    environment = {**(os.environ if given.get("env") is None else given["env"]), **lease}
    environment.pop("CALL_ME_API_KEY", None)
    environment.pop("API_KEY", None)
    own: dict[str, Any] = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if _WINDOWS else {"start_new_session": True}  # type: ignore[attr-defined,unused-ignore]
    return {**given, **own, "env": environment}


def start(args: Sequence[str], lease: Mapping[str, str], given: Mapping[str, Any]) -> subprocess.Popen[Any]:
    """Starts one. Nothing in here is interrupted by Interrupted: see _interrupt."""
    return subprocess.Popen(args, **options(lease, given))


def terminate(group: int) -> None:
    """Asks all of it to end."""
    _signal(group, signal.SIGTERM)


def kill(group: int) -> None:
    """Ends all of it."""
    _signal(group, signal.SIGTERM if _WINDOWS else signal.SIGKILL)


def lives(group: int) -> bool:
    """Whether any of it is left; of a child of ours, before its exit code was asked for, too."""
    if _WINDOWS:
        return False
    try:
        os.killpg(group, 0)
    except OSError:
        return False
    return True


def stop(process: subprocess.Popen[Any], kill_at: float) -> None:
    """Terminates its group, and kills it at ``kill_at`` (of time.monotonic()) at the latest. Returns when it is gone."""
    terminate(process.pid)
    try:
        while (process.poll() is None or lives(process.pid)) and time.monotonic() < kill_at:
            time.sleep(0.02)
    finally:
        kill(process.pid)
        process.wait()


def _signal(group: int, number: int) -> None:
    try:
        if _WINDOWS:
            os.kill(group, number)
        else:
            os.killpg(group, number)
    except OSError:
        # Gone already, or another user's.
        pass
