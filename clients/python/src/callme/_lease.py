"""What a body is given. Nothing in this file is interrupted by Interrupted, but what it calls: see _interrupt."""

from __future__ import annotations

import subprocess
import threading
import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, Callable

from callme import _process
from callme._errors import fencing_token_of
from callme._facts import facts_of
from callme._given import HeldEnvironment, given_variables, slots_of, without_variables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from callme._errors import CancelRequested, LeaseLost
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
        self._leased: Sequence[LeasedEnvironment] = list(lease.environments)
        self.environments: Sequence[HeldEnvironment] = [HeldEnvironment(one) for one in self._leased]
        """What is held, in the order in which it was asked for, with slots and variables: of a selector, what was chosen."""
        self.info: Lease = without_variables(lease)
        """The whole lease as it was when the body began, but for the variables."""
        self.cancel_requested: CancelRequested | None = None
        """Who asks the holder to stop, once somebody does."""
        # What is to be told with the release.
        self._facts: dict[str, str] = {}

    @property
    def fencing_token(self) -> int:
        """Higher than that of every earlier grant on these environments: hand it to what you protect."""
        return fencing_token_of(self.info)

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} {self.id} of {list(self.environments)!r}>"

    def _environment(self) -> dict[str, str]:
        return {
            **given_variables(self._leased),
            "CALL_ME_LEASE_ID": self.id,
            "CALL_ME_LEASE_TOKEN": self.token,
            "CALL_ME_ENVIRONMENT": ",".join(one.name for one in self.environments),
            "CALL_ME_SLOTS": slots_of(self._leased),
            "CALL_ME_FENCING_TOKEN": str(self.fencing_token),
        }


class HeldLease(Held):
    """A lease that is kept by renewing until its ``with`` ends. Any thread may use it."""

    def __init__(self, lease: Lease, token: str, tell: Callable[[Mapping[str, str]], None], cancelled: threading.Event) -> None:
        super().__init__(lease, token)
        self._tell = tell
        self.lost = threading.Event()
        """Set when the lease is lost: stop then, the environment is handed over soon. For threads that the body has started."""
        self._cancelled = cancelled
        self._loss: LeaseLost | None = None
        self._kill_at = 0.0

    def check(self) -> None:
        """Raises LeaseLost if the lease is lost, CancelledError if somebody cancelled, CancelRequested if it is to stop; else nothing."""
        if self._loss is not None:
            raise self._loss
        if self._cancelled.is_set():
            raise CancelledError
        if self.cancel_requested is not None:
            raise self.cancel_requested

    def tell(self, facts: Mapping[str, str]) -> None:
        """Tells everybody what is on the environments now, such as ``{"version": "1.2.3"}``, until somebody tells it anew.

        An empty text takes a fact back. Returns when the server has it. Raises LeaseLost, TypeError for what is no text, or CallFailed of a
        server that refuses it or is out of reach for 10 s.
        """
        self._tell(facts_of(facts))

    def tell_at_release(self, facts: Mapping[str, str]) -> None:
        """The same with the release, when the work is done. A lost lease, or a server that refuses these facts, leaves them untold."""
        self._facts.update(facts_of(facts))

    def run(self, args: Sequence[str], *, check: bool = True, **popen: Any) -> subprocess.CompletedProcess[Any]:
        """Runs a command to its end, as subprocess.run does, but in a session of its own, which ends in time if the lease is lost.

        Then it gets SIGTERM at once, and SIGKILL before the lease has ended; so too, within 3 s, when anything else interrupts us, and
        what it has left running when it ends. It is killed with us. In the main thread SIGTERM raises SystemExit meanwhile, unless
        you handle it. It has CALL_ME_LEASE_ID, CALL_ME_LEASE_TOKEN, CALL_ME_ENVIRONMENT, CALL_ME_SLOTS, CALL_ME_FENCING_TOKEN and what
        the environments give (CALL_ME_VAR_…) in its environment, and never our key. ``popen``: arguments of subprocess.Popen; output
        that you want to read goes into a file. Raises as the method ``check``, and CalledProcessError for an exit code other than 0, unless
        the argument ``check`` is false.
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
