"""``async with client.hold("uat") as lease``."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any, Callable

import grpc

from callme import _process
from callme._errors import CallFailed, cause_of, lacking
from callme._retry import FAREWELL, PATIENCE
from callme.aio._calls import give_back
from callme.aio._connection import Route
from callme.aio._keeper import Keeper
from callme.aio._lease import HeldLease
from callme.aio._waiting import wait_for_grant
from callme.v1.types_pb2 import LEASE_STATE_HELD

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from types import TracebackType

    from callme._place import Place
    from callme._tokens import Opener
    from callme.aio._connection import Connection


class Hold:
    """Environments that are held while an ``async with`` block runs. Made by ``hold``; good for one ``async with``.

    To give the place in line up, or to end the body, cancel the task.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        opener: Opener,
        place: Place,
        close: Callable[[], Awaitable[None]],
    ) -> None:
        # In the running loop, and not where somebody called hold().
        self._connect = connect
        self._opener = opener
        self._place = place
        self._close = close
        self._route: Route | None = None
        self._keeper: Keeper | None = None
        self._lease: HeldLease | None = None
        self._task: asyncio.Task[Any] | None = None
        # How often others had asked the task to end before the body began.
        self._cancelling = 0
        # How often we have.
        self._cancels = 0
        self._entered = False

    async def __aenter__(self) -> HeldLease:
        if self._entered:
            raise RuntimeError("a hold is good for one async with: call hold() again")
        self._entered = True
        try:
            lease = await self._take()
        except grpc.RpcError as error:
            await self._finish(FAREWELL)
            raise CallFailed(error, self._connect().url) from None
        except BaseException:
            await self._finish(FAREWELL)
            raise
        self._task = task = asyncio.current_task()
        # Python 3.11 counts the requests to cancel a task; before, ours cannot be told from those of others.
        self._cancelling = task.cancelling() if task is not None and hasattr(task, "cancelling") else 0
        if lease.cancel_requested is not None:
            self._cancel()
        return lease

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        ours = self._take_back() and isinstance(error, asyncio.CancelledError)
        if self._keeper is not None:
            self._keeper.judge()
        await self._finish(PATIENCE)
        loss = self._keeper.loss if self._keeper is not None else None
        if loss is not None and (ours or error is None or isinstance(error, Exception)):
            # Whatever went wrong once the lease was lost went wrong because of that.
            raise loss from cause_of(loss, error)
        if loss is None and ours and self._keeper is not None and self._keeper.asked is not None:
            raise self._keeper.asked from error

    async def _take(self) -> HeldLease:
        self._route = route = Route(self._connect())
        while True:
            granted = await wait_for_grant(route, self._place, self._opener)
            self._keeper = keeper = Keeper(route.connection, granted, self._place.token, self._on_loss, self._on_ask)
            begun = await keeper.begin()
            if begun.state == LEASE_STATE_HELD:
                lacks = lacking(begun)
                if lacks is not None:
                    raise lacks
                self._lease = lease = HeldLease(begun, self._place.token, keeper.tell)
                keeper.start()
                keeper.see(begun)
                return lease
            # It was taken back meanwhile, and stands in line again.
            self._keeper = None

    def _on_loss(self) -> None:
        keeper, lease = self._keeper, self._lease
        if keeper is None or lease is None or keeper.loss is None:
            return
        lease._lose(keeper.loss, min(keeper.tenure.kill_at, time.monotonic() + _process.GRACE))
        self._cancel()

    def _on_ask(self) -> None:
        if self._keeper is not None and self._lease is not None:
            self._lease.cancel_requested = self._keeper.asked
            self._cancel()

    def _cancel(self) -> None:
        if self._task is not None:
            self._cancels += 1
            self._task.cancel()

    def _take_back(self) -> bool:
        """No more cancelling from here on. Whether the one there was, if any, was ours alone."""
        task, self._task = self._task, None
        if task is None or self._cancels == 0:
            return False
        if not hasattr(task, "uncancel"):
            return True
        left: int = [task.uncancel() for _ in range(self._cancels)][-1]
        return left <= self._cancelling

    async def _finish(self, patience: float) -> None:
        try:
            if self._keeper is not None and self._route is not None:
                await self._keeper.stop()
                # What is over, or almost, need not be given back.
                length = FAREWELL if self._keeper.loss is not None else patience
                facts = self._lease._facts if self._lease is not None else None
                await give_back(self._route.connection, self._place.held().id, self._place.token, length, facts)
        finally:
            if self._route is not None:
                await self._route.close()
            await self._close()
