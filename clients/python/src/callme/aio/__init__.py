"""Holds shared test environments while your coroutine runs: ``async with callme.aio.hold("uat") as lease: …``.

A body whose lease is lost is cancelled as by ``asyncio.timeout``. It must not block the event loop: nothing is renewed meanwhile.
"""

from callme.aio._client import Client, hold
from callme.aio._hold import Hold
from callme.aio._lease import HeldLease

__all__ = ["Client", "HeldLease", "Hold", "hold"]
