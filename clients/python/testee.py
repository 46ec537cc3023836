"""The testee of test/clients: does what stdin says, with nothing but this client.

For asyncio all holds are tasks of one loop; with --threads, each is a thread of its own that uses the blocking client.
"""

from __future__ import annotations

import asyncio
import json
import sys
import threading
from concurrent.futures import CancelledError
from typing import Any

from testee_protocol import BodyFailed, block, command, detached, held, outcome, picking, request, say, stubborn, ticket

import callme
import callme.aio

# How long a body in a thread may block, in seconds: longer than that, and it could not be interrupted in time.
STEP = 0.01


class Tasks:
    """The holds of one event loop."""

    def __init__(self) -> None:
        self.client = callme.aio.Client()
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.verdicts: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.leases: dict[int, callme.aio.HeldLease] = {}

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        reader = threading.Thread(target=lambda: [loop.call_soon_threadsafe(self.obey, line) for line in sys.stdin] and None, daemon=True)
        reader.start()
        await loop.run_in_executor(None, reader.join)

    def obey(self, line: str) -> None:
        order = json.loads(line)
        number, what = order["id"], order["do"]
        if what == "cancel":
            self.tasks[number].cancel()
        elif what == "finish":
            self.verdicts[number].set_result(order)
        elif what == "fail":
            self.verdicts[number].set_exception(BodyFailed("body failed"))
        elif what == "tell":
            self.telling = asyncio.ensure_future(self.tell(order))
        else:
            self.verdicts[number] = asyncio.get_running_loop().create_future()
            work = {"detach": self.detach, "release": self.release}.get(what, self.hold)
            self.tasks[number] = asyncio.ensure_future(work(order))

    async def hold(self, order: dict[str, Any]) -> None:
        number = order["id"]
        error: BaseException | None = None
        try:
            async with self.holding(order) as lease:
                self.leases[number] = lease
                held(number, lease)
                try:
                    await self.body(order, lease)
                except asyncio.CancelledError:
                    say(number, "cancelled")
                    if not stubborn(order):
                        raise
                    block(await self.verdicts[number])
        except BaseException as caught:
            error = caught
        say(number, "ended", **outcome(error))

    def holding(self, order: dict[str, Any]) -> callme.aio.Hold:
        if order["do"] == "pickUp":
            return self.client.pick_up(ticket(order), **picking(order))
        needs, options = request(order)
        return self.client.hold(*needs, **options)

    async def detach(self, order: dict[str, Any]) -> None:
        needs, options = request(order)
        try:
            detached(order["id"], await self.client.detach(*needs, **options))
        except Exception as error:
            say(order["id"], "ended", **outcome(error))

    async def tell(self, order: dict[str, Any]) -> None:
        lease = self.leases[order["id"]]
        error: BaseException | None = None
        try:
            if order.get("atRelease"):
                lease.tell_at_release(order["facts"])
            else:
                await lease.tell(order["facts"])
        except Exception as caught:
            error = caught
        say(order["id"], "told", **outcome(error))

    async def body(self, order: dict[str, Any], lease: callme.aio.HeldLease) -> None:
        if command(order):
            await lease.run(*command(order))
        else:
            block(await asyncio.shield(self.verdicts[order["id"]]))

    async def release(self, order: dict[str, Any]) -> None:
        error: BaseException | None = None
        try:
            async with callme.aio.Client(key="") as client:
                await client.release(order["leaseId"], order["leaseToken"], order.get("facts"))
        except Exception as caught:
            error = caught
        say(order["id"], "released", **outcome(error))


class Threads:
    """Holds in threads of their own."""

    def __init__(self) -> None:
        self.client = callme.Client()
        self.holds: dict[int, callme.Hold] = {}
        self.leases: dict[int, callme.HeldLease] = {}
        self.verdicts: dict[int, threading.Event] = {}
        self.told: dict[int, dict[str, Any]] = {}

    def run(self) -> None:
        for line in sys.stdin:
            self.obey(json.loads(line))

    def obey(self, order: dict[str, Any]) -> None:
        number, what = order["id"], order["do"]
        if what == "cancel":
            self.holds[number].cancel()
        elif what in {"finish", "fail"}:
            self.told[number] = order
            self.verdicts[number].set()
        elif what in {"release", "detach", "tell"}:
            threading.Thread(target=getattr(self, what), args=[order], daemon=True).start()
        else:
            self.verdicts[number] = threading.Event()
            self.holds[number] = self.holding(order)
            threading.Thread(target=self.hold, args=[order], daemon=True).start()

    def hold(self, order: dict[str, Any]) -> None:
        number = order["id"]
        error: BaseException | None = None
        try:
            with self.holds[number] as lease:
                self.leases[number] = lease
                held(number, lease)
                self.body(order, lease)
        except BaseException as caught:
            error = caught
        say(number, "ended", **outcome(error))

    def holding(self, order: dict[str, Any]) -> callme.Hold:
        if order["do"] == "pickUp":
            return self.client.pick_up(ticket(order), **picking(order))
        needs, options = request(order)
        return self.client.hold(*needs, **options)

    def detach(self, order: dict[str, Any]) -> None:
        needs, options = request(order)
        try:
            detached(order["id"], self.client.detach(*needs, **options))
        except Exception as error:
            say(order["id"], "ended", **outcome(error))

    def tell(self, order: dict[str, Any]) -> None:
        lease = self.leases[order["id"]]
        error: BaseException | None = None
        try:
            if order.get("atRelease"):
                lease.tell_at_release(order["facts"])
            else:
                lease.tell(order["facts"])
        except Exception as caught:
            error = caught
        say(order["id"], "told", **outcome(error))

    def body(self, order: dict[str, Any], lease: callme.HeldLease) -> None:
        number = order["id"]
        try:
            if command(order):
                lease.run(command(order))
            else:
                self.end(number)
        except (callme.Interrupted, callme.LeaseLost, callme.CancelRequested, CancelledError):
            say(number, "cancelled")
            if not stubborn(order):
                raise
            self.end(number)

    def end(self, number: int) -> None:
        """As it is told to."""
        while not self.verdicts[number].wait(STEP):
            pass
        if self.told[number]["do"] == "fail":
            raise BodyFailed("body failed")
        block(self.told[number])

    def release(self, order: dict[str, Any]) -> None:
        error: BaseException | None = None
        try:
            with callme.Client(key="") as client:
                client.release(order["leaseId"], order["leaseToken"], order.get("facts"))
        except Exception as caught:
            error = caught
        say(order["id"], "released", **outcome(error))


if "--threads" in sys.argv:
    Threads().run()
else:
    asyncio.run(Tasks().run())
