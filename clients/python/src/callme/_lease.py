"""What a body is given. Nothing in this file is interrupted by Interrupted, but what it calls: see _interrupt."""

from __future__ import annotations

import subprocess
import threading
import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from callme import _process
from callme._errors import fencing_token_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from callme._errors import LeaseLost
    from callme.v1.types_pb2 import Lease, LeasedEnvironment

# How often a running command is looked after, in seconds.
_LOOK = 0.1


class Held:
    """What holds of a lease, however it is held."""

    def __init__(self, lease: Lease, token: str) -> None:
        self.id: str = lease.id
        """The lease's id."""
        self.token: str = token
        """A key for this one lease: enough to release it from another process, see Client.release."""
        self.environments: Sequence[LeasedEnvironment] = list(lease.environments)
        """What is held: names, slots, fencing tokens."""
        self.info: Lease = lease
        """The whole lease as it was when the body began."""

    @property
    def fencing_token(self) -> int:
        """Higher than that of every earlier grant on these environments: hand it to what you protect."""
        return fencing_token_of(self.info)

    def _environment(self) -> dict[str, str]:
        return {
            "CALL_ME_LEASE_ID": self.id,
            "CALL_ME_LEASE_TOKEN": self.token,
            "CALL_ME_ENVIRONMENT": ",".join(one.name for one in self.environments),
            "CALL_ME_FENCING_TOKEN": str(self.fencing_token),
        }


class HeldLease(Held):
    """A lease that is kept by renewing until its ``with`` ends. Any thread may use it."""

    def __init__(self, lease: Lease, token: str, cancelled: threading.Event) -> None:
        super().__init__(lease, token)
        self.lost = threading.Event()
        """Set when the lease is lost: stop then, the environment is handed over soon. For threads that the body has started."""
        self._cancelled = cancelled
        self._loss: LeaseLost | None = None
        self._kill_at = 0.0

    def check(self) -> None:
        """Raises LeaseLost if the lease is lost, CancelledError if the hold was cancelled; else does nothing."""
        if self._loss is not None:
            raise self._loss
        if self._cancelled.is_set():
            raise CancelledError

    def run(self, args: Sequence[str], *, check: bool = True, **popen: Any) -> subprocess.CompletedProcess[Any]:
        """Runs a command to its end, as subprocess.run does, but in a session of its own, which ends in time if the lease is lost.

        Then it gets SIGTERM at once, and SIGKILL before the lease has ended; so too, within 3 s, when anything else interrupts us, and
        what it has left running when it ends. It is killed with us. In the main thread SIGTERM raises SystemExit meanwhile, unless
        you handle it. It has CALL_ME_LEASE_ID, CALL_ME_LEASE_TOKEN, CALL_ME_ENVIRONMENT and CALL_ME_FENCING_TOKEN in its environment,
        and never our key. ``popen``: arguments of subprocess.Popen; output that you want to read goes into a file. Raises LeaseLost,
        and CalledProcessError for an exit code other than 0, unless ``check`` is false.
        """
        self.check()
        process, guard = _process.start(args, self._environment(), popen)
        try:
            with _process.ends_by_exit():
                self._wait(process)
        finally:
            # What it leaves behind, too: nobody else may be served beside that.
            try:
                _process.stop(process, self._kill_at if self._loss is not None else time.monotonic() + _process.GRACE)
            finally:
                guard.dismiss()
                with process:
                    pass  # Closes its pipes.
        if check and process.returncode != 0:
            raise subprocess.CalledProcessError(process.returncode, args)
        return subprocess.CompletedProcess(args, process.returncode)

    def _wait(self, process: subprocess.Popen[Any]) -> None:
        while True:
            try:
                process.wait(_LOOK)
            except subprocess.TimeoutExpired:
                self.check()
            else:
                return

    def _lose(self, loss: LeaseLost, kill_at: float) -> None:
        self._loss, self._kill_at = loss, kill_at
        self.lost.set()
