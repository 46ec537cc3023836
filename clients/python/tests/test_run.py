"""Commands end with the lease, and in time."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from callme.v1.types_pb2 import Lease

from callme import Interrupted, LeaseLost, aio
from callme._interrupt import interrupter
from callme._lease import HeldLease
from callme._process import lives

# Says its number, and ends when it is asked to.
OBEDIENT = ["sh", "-c", "echo $$; exec sleep 60"]
# Says its number, and does not end when it is asked to, and neither does its child.
STUBBORN = ["sh", "-c", "trap '' TERM; echo $$; sleep 60 & wait; wait"]
# Runs a command, says its number, and that of a process that it forks meanwhile.
FORKING = """
import os, sys, threading, time
from callme._lease import HeldLease
from callme.v1.types_pb2 import Lease
lease = HeldLease(Lease(id="lease-1"), "token-1", lambda _: None, threading.Event())
script = 'echo $$; touch "$0"; exec sleep 60'
threading.Thread(target=lease.run, args=[["sh", "-c", script, sys.argv[1]]], daemon=True).start()
while not os.path.exists(sys.argv[1]):
    time.sleep(0.02)
forked = os.fork()
if forked:
    print(forked, flush=True)
time.sleep(60)
"""
LOSS = LeaseLost("lease-1", "fire drill", "FORCE_RELEASED")


def begun(read: int) -> int:
    """The number of a command that writes into this pipe, once it runs."""
    return int(os.read(read, 64))


async def _silent(_: object) -> None:
    pass


class Blocking(unittest.TestCase):
    def setUp(self) -> None:
        self.cancelled = threading.Event()
        self.lease = HeldLease(Lease(id="lease-1"), "token-1", lambda _: None, self.cancelled)

    def test_it_has_the_lease_and_not_the_key(self) -> None:
        environment = {"CALL_ME_API_KEY": "secret", "PATH": "/usr/bin:/bin"}
        self.lease.run(["sh", "-c", 'test "$CALL_ME_LEASE_TOKEN" = token-1 && test -z "$CALL_ME_API_KEY"'], env=environment)

    def test_its_failure_is_an_error(self) -> None:
        with self.assertRaises(subprocess.CalledProcessError):
            self.lease.run(["false"])
        self.assertEqual(self.lease.run(["false"], check=False).returncode, 1)

    def test_a_lost_lease_kills_it_in_time(self) -> None:
        read, write = os.pipe()
        found: list[tuple[int, float]] = []

        def lose() -> None:
            found.append((begun(read), time.monotonic() + 0.5))
            self.lease._lose(LOSS, found[0][1])

        threading.Thread(target=lose).start()
        with self.assertRaises(LeaseLost):
            self.lease.run(STUBBORN, stdout=write)
        [(command, kill_at)] = found
        self.assertGreaterEqual(time.monotonic(), kill_at)
        self.assertFalse(lives(command))

    @unittest.skipUnless(sys.platform == "linux", "it looks into /proc")
    def test_killed_it_takes_its_command_along_though_a_process_that_it_forked_lives(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        holder = subprocess.Popen([sys.executable, "-c", FORKING, f"{folder.name}/begun"], stdout=subprocess.PIPE, text=True)
        with holder, holder.stdout as said:
            command, forked = int(said.readline()), int(said.readline())
            holder.kill()
            try:
                deadline = time.monotonic() + 20
                while lives(command) and time.monotonic() < deadline:
                    time.sleep(0.02)
                self.assertFalse(lives(command))
            finally:
                os.kill(forked, signal.SIGKILL)

    def test_nothing_is_started_on_a_lost_lease(self) -> None:
        self.lease._lose(LOSS, 0)
        with self.assertRaises(LeaseLost):
            self.lease.run(["true"])

    def test_an_interruption_while_it_starts_takes_it_along(self) -> None:
        started: list[subprocess.Popen[bytes]] = []

        class Slow(subprocess.Popen):  # type: ignore[type-arg]
            def __init__(self, *args: object, **options: object) -> None:
                super().__init__(*args, **options)  # type: ignore[call-overload]
                started.append(self)
                time.sleep(0.5)

        def body() -> None:
            one = interrupter()
            one.arm()
            threading.Timer(0.2, one.fire).start()
            try:
                with self.assertRaises(Interrupted):
                    self.lease.run(["sleep", "60"])
            finally:
                one.disarm()

        with patch("subprocess.Popen", Slow):
            body()
            thread = threading.Thread(target=body)
            thread.start()
            thread.join()
        self.assertEqual([one.returncode for one in started if "sleep" in one.args], [-signal.SIGTERM, -signal.SIGTERM])


class Asyncio(unittest.IsolatedAsyncioTestCase):
    async def test_cancelled_while_it_starts_it_takes_its_command_along(self) -> None:
        lease = aio.HeldLease(Lease(id="lease-1"), "token-1", _silent)
        started: list[asyncio.subprocess.Process] = []
        start = asyncio.create_subprocess_exec
        launched, cancelled = asyncio.Event(), asyncio.Event()

        async def slow(*args: str, **options: Any) -> asyncio.subprocess.Process:
            started.append(await start(*args, **options))
            launched.set()
            await cancelled.wait()
            return started[0]

        with patch("asyncio.create_subprocess_exec", slow):
            running = asyncio.ensure_future(lease.run("sleep", "60"))
            await launched.wait()
            running.cancel()
            cancelled.set()
            with self.assertRaises(asyncio.CancelledError):
                await running
        self.assertEqual(started[0].returncode, -signal.SIGTERM)

    async def test_a_cancelled_body_takes_its_command_along(self) -> None:
        lease = aio.HeldLease(Lease(id="lease-1"), "token-1", _silent)
        read, write = os.pipe()
        running = asyncio.ensure_future(lease.run(*OBEDIENT, stdout=write))
        command = await asyncio.to_thread(begun, read)
        running.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await running
        self.assertFalse(lives(command))

    async def test_a_lost_lease_kills_it_in_time(self) -> None:
        lease = aio.HeldLease(Lease(id="lease-1"), "token-1", _silent)
        read, write = os.pipe()
        running = asyncio.ensure_future(lease.run(*STUBBORN, stdout=write))
        command = await asyncio.to_thread(begun, read)
        kill_at = time.monotonic() + 0.5
        lease._lose(LOSS, kill_at)
        running.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await running
        self.assertGreaterEqual(time.monotonic(), kill_at)
        self.assertFalse(lives(command))
