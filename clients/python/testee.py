"""The testee of test/clients: does what stdin says, with nothing but this client.

For asyncio all holds are tasks of one loop; with --threads, each is a thread of its own that uses the blocking client.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
import time
from concurrent.futures import CancelledError
from typing import Any

import grpc

import callme
import callme.aio

UNITS = {"ms": 0.001, "s": 1, "m": 60}
LENGTHS = {"ttl": "ttl", "maxHold": "max_hold", "queueTimeout": "queue_timeout", "ticketTtl": "ticket_ttl", "wait": "wait"}
# How long a body in a thread may block, in seconds: longer than that, and it could not be interrupted in time.
STEP = 0.01

speaking = threading.Lock()


class BodyFailed(Exception):
    pass


def say(number: int, event: str, **facts: object) -> None:
    with speaking:
        print(json.dumps({"id": number, "event": event, **facts}), flush=True)


def seconds(text: str) -> float:
    amount, unit = re.fullmatch(r"(\d+)(ms|s|m)", text).groups()
    return int(amount) * UNITS[unit]


def request(order: dict[str, Any]) -> tuple[list[callme.Need], callme.HoldOptions]:
    given = order.get("options", {})
    options: dict[str, Any] = {name: seconds(given[key]) for key, name in LENGTHS.items() if key in given}
    if given.get("fail"):
        options["if_busy"] = callme.IF_BUSY_FAIL
    if "requestId" in given:
        options["request_id"] = given["requestId"]
    options["on_waiting"] = lambda lease: say(order["id"], "waiting", position=lease.position)
    needs = [callme.Need(environment=name, slots=given.get("slots", 0)) for name in order["environments"]]
    return needs, options


def stubborn(order: dict[str, Any]) -> bool:
    return bool(order.get("options", {}).get("stubborn"))


def command(order: dict[str, Any]) -> list[str]:
    return order.get("options", {}).get("run", [])


def block(order: dict[str, Any]) -> None:
    """As it is told to finish: nothing else of its thread runs meanwhile, and nothing of its event loop."""
    time.sleep(seconds(order.get("block", "0s")))


def held(number: int, lease: callme.HeldLease | callme.aio.HeldLease) -> None:
    say(number, "held", leaseId=lease.id, leaseToken=lease.token, fencingToken=str(lease.fencing_token))


def outcome(error: BaseException | None) -> dict[str, object]:
    if error is None:
        return {"outcome": "ok"}
    if isinstance(error, BodyFailed) and str(error) == "body failed":
        return {"outcome": "body_failed"}
    if isinstance(error, callme.LeaseLost):
        cause = {"cause": str(error.__cause__)} if isinstance(error.__cause__, BodyFailed) else {}
        return {"outcome": "lost", "endReason": error.end_reason, "why": error.why, **cause}
    if isinstance(error, callme.NotAcquired):
        if error.lease is None:
            return {"outcome": "not_acquired", "reason": error.reason, "holders": error.holders}
        return {"outcome": "not_acquired", "endReason": error.reason, "note": error.lease.end_note}
    if isinstance(error, (asyncio.CancelledError, CancelledError)):
        return {"outcome": "cancelled"}
    if isinstance(error, grpc.RpcError):
        return {"outcome": error.code().name.lower(), "reason": callme.reason_of(error) or "", "why": str(error)}
    return {"outcome": repr(error)}


class Tasks:
    """The holds of one event loop."""

    def __init__(self) -> None:
        self.client = callme.aio.Client()
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.verdicts: dict[int, asyncio.Future[dict[str, Any]]] = {}

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
        else:
            self.verdicts[number] = asyncio.get_running_loop().create_future()
            self.tasks[number] = asyncio.ensure_future(self.hold(order) if what == "hold" else self.release(order))

    async def hold(self, order: dict[str, Any]) -> None:
        number = order["id"]
        needs, options = request(order)
        error: BaseException | None = None
        try:
            async with self.client.hold(*needs, **options) as lease:
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

    async def body(self, order: dict[str, Any], lease: callme.aio.HeldLease) -> None:
        if command(order):
            await lease.run(*command(order))
        else:
            block(await asyncio.shield(self.verdicts[order["id"]]))

    async def release(self, order: dict[str, Any]) -> None:
        error: BaseException | None = None
        try:
            async with callme.aio.Client(key="") as client:
                await client.release(order["leaseId"], order["leaseToken"])
        except Exception as caught:
            error = caught
        say(order["id"], "released", **outcome(error))


class Threads:
    """Holds in threads of their own."""

    def __init__(self) -> None:
        self.client = callme.Client()
        self.holds: dict[int, callme.Hold] = {}
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
        elif what == "release":
            threading.Thread(target=self.release, args=[order], daemon=True).start()
        else:
            needs, options = request(order)
            self.verdicts[number] = threading.Event()
            self.holds[number] = self.client.hold(*needs, **options)
            threading.Thread(target=self.hold, args=[order], daemon=True).start()

    def hold(self, order: dict[str, Any]) -> None:
        number = order["id"]
        error: BaseException | None = None
        try:
            with self.holds[number] as lease:
                held(number, lease)
                self.body(order, lease)
        except BaseException as caught:
            error = caught
        say(number, "ended", **outcome(error))

    def body(self, order: dict[str, Any], lease: callme.HeldLease) -> None:
        number = order["id"]
        try:
            if command(order):
                lease.run(command(order))
            else:
                self.end(number)
        except (callme.Interrupted, callme.LeaseLost, CancelledError):
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
                client.release(order["leaseId"], order["leaseToken"])
        except Exception as caught:
            error = caught
        say(order["id"], "released", **outcome(error))


if "--threads" in sys.argv:
    Threads().run()
else:
    asyncio.run(Tasks().run())
