"""What a body is given."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any, Callable

from callme import _process
from callme._facts import facts_of
from callme._lease import Held

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterator, Mapping, Sequence

    from callme._errors import LeaseLost
    from callme.v1.types_pb2 import Lease


class HeldLease(Held):
    """A lease that is kept by renewing until its ``async with`` ends."""

    def __init__(self, lease: Lease, token: str, tell: Callable[[Mapping[str, str]], Awaitable[None]]) -> None:
        super().__init__(lease, token)
        self._tell = tell
        self.lost = asyncio.Event()
        """Set when the lease is lost: stop then, the environment is handed over soon. For tasks that the body has started."""
        self._loss: LeaseLost | None = None
        self._kill_at = 0.0

    def check(self) -> None:
        """Raises LeaseLost if the lease is lost, CancelRequested if the holder is to stop; else does nothing."""
        if self._loss is not None:
            raise self._loss
        if self.cancel_requested is not None:
            raise self.cancel_requested

    async def tell(self, facts: Mapping[str, str]) -> None:
        """Tells everybody what is on the environments now, such as ``{"version": "1.2.3"}``, until somebody tells it anew.

        An empty text takes a fact back. Returns when the server has it. Raises LeaseLost, TypeError for what is no text, or CallFailed of a
        server that refuses it or is out of reach for 10 s.
        """
        await self._tell(facts_of(facts))

    def tell_at_release(self, facts: Mapping[str, str]) -> None:
        """The same with the release, when the work is done. A lost lease, or a server that refuses these facts, leaves them untold."""
        self._facts.update(facts_of(facts))

    async def run(self, *args: str, check: bool = True, **popen: Any) -> subprocess.CompletedProcess[Any]:
        """Runs a command to its end in a session of its own, which ends in time if the lease is lost.

        Then, and when it is cancelled, the session gets SIGTERM, and SIGKILL within 3 s and before the lease has ended; so does what it
        has left running when it ends. It is killed with us. SIGTERM raises SystemExit meanwhile, unless you handle it. It has
        CALL_ME_LEASE_ID, CALL_ME_LEASE_TOKEN, CALL_ME_ENVIRONMENT, CALL_ME_SLOTS, CALL_ME_FENCING_TOKEN and what the environments give
        (CALL_ME_VAR_…) in its environment, and never our key.
        ``popen``: arguments of asyncio.create_subprocess_exec; output that you want to read goes into a file. Raises
        subprocess.CalledProcessError for an exit code other than 0, unless ``check`` is false.
        """
        self.check()
        guard = _process.Guard()
        # Not cut in two: a process that nobody knows of cannot be ended.
        starting = asyncio.ensure_future(self._start(guard, args, popen))
        try:
            with _exits_on_sigterm():
                await asyncio.wait({starting})
                code = await starting.result().wait()
        finally:
            while not starting.done():
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.wait({starting})
            if not starting.cancelled() and starting.exception() is None:
                # What it leaves behind, too: nobody else may be served beside that.
                await self._stop(starting.result(), guard)
            else:
                guard.dismiss()
        if check and code != 0:
            raise subprocess.CalledProcessError(code, args)
        return subprocess.CompletedProcess(args, code)

    async def _start(self, guard: _process.Guard, args: Sequence[str], popen: dict[str, Any]) -> asyncio.subprocess.Process:
        options = _process.options(self._environment(), popen)
        gate = _process.Gate(args, options)
        program, *rest = gate.args
        try:
            process = await asyncio.create_subprocess_exec(program, *rest, **{**options, **gate.options})
            guard.watch(process.pid)
            gate.open()
        finally:
            gate.close()
        return process

    async def _stop(self, process: asyncio.subprocess.Process, guard: _process.Guard) -> None:
        kill_at = self._kill_at if self._loss is not None else time.monotonic() + _process.GRACE

        def runs() -> bool:
            return process.returncode is None or _process.lives(process.pid)

        try:
            if runs():
                _process.terminate(process.pid)
            while runs() and time.monotonic() < kill_at:
                await asyncio.sleep(0.02)
        finally:
            if runs():
                _process.kill(process.pid)
            guard.dismiss()
        await process.wait()
        gone_by = time.monotonic() + _process.DEATH
        while _process.lives(process.pid) and time.monotonic() < gone_by:
            await asyncio.sleep(0.005)

    def _lose(self, loss: LeaseLost, kill_at: float) -> None:
        self._loss, self._kill_at = loss, kill_at
        self.lost.set()


@contextlib.contextmanager
def _exits_on_sigterm() -> Iterator[None]:
    """As _process.ends_by_exit, between two steps of the loop: its tasks are cancelled then, and come to their end."""
    loop = asyncio.get_running_loop()
    ours = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    try:
        if ours:
            loop.add_signal_handler(signal.SIGTERM, _process.leave)
    except (NotImplementedError, RuntimeError, ValueError):
        # Windows, or no main thread.
        ours = False
    try:
        yield
    finally:
        if ours:
            loop.remove_signal_handler(signal.SIGTERM)
