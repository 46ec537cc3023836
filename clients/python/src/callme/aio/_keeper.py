"""Keeps a HELD lease by renewing it, and tells when it is lost."""

from __future__ import annotations

import asyncio
import math
import time
from typing import TYPE_CHECKING, Any, Callable

import grpc

from callme._errors import (
    CallFailed,
    CancelRequested,
    LeaseLost,
    asked_in,
    fencing_token_of,
    is_cancelled,
    is_given_back,
    is_transient,
    loss_in,
    verdict,
    words,
)
from callme._retry import Backoff
from callme._settings import metadata_of
from callme._tenure import Tenure
from callme.aio._calls import listen, persist
from callme.v1.lock_service_pb2 import RenewRequest, WatchLeaseRequest
from callme.v1.types_pb2 import LEASE_STATE_HELD

if TYPE_CHECKING:
    from collections.abc import Awaitable, Coroutine, Mapping

    from callme.aio._connection import Connection
    from callme.v1.lock_service_pb2 import WatchLeaseResponse
    from callme.v1.lock_service_pb2_grpc import LockServiceAsyncStub
    from callme.v1.types_pb2 import Lease

# No timer of every event loop can wait longer, in seconds.
_LONGEST = 86_400


class Keeper:
    """Renews in tasks of its own until ``stop``, or until the lease has ended, whoever ended it, or was taken back.

    ``on_loss`` is called once at most; not if whoever has our token or key gave the lease back. ``on_ask`` is called once at most, when
    the holder is asked to stop.
    """

    def __init__(self, connection: Connection, lease: Lease, token: str, on_loss: Callable[[], None], on_ask: Callable[[], None]) -> None:
        self.loss: LeaseLost | None = None
        self.asked: CancelRequested | None = None
        self.tenure = Tenure(lease)
        self._connection = connection
        self._lease_id = lease.id
        self._fencing_token = 0
        self._metadata = metadata_of(token)
        self._on_loss = on_loss
        self._on_ask = on_ask
        # A fact that is told later must not come first.
        self._telling = asyncio.Lock()
        self._stopped = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._further: list[Connection] = []

    async def begin(self) -> Lease:
        """Renews once, before anything relies on the lease, and gives it as it is now: if it was taken back meanwhile, it is not HELD.

        A grant may have been long on its way to us: only a Renew of our own tells when the time began. Raises LeaseLost if the lease
        has ended already or is about to, or what keeps us from the server.
        """
        sent_at = 0.0

        def send(locks: LockServiceAsyncStub) -> Awaitable[Lease]:
            nonlocal sent_at
            sent_at = time.monotonic()
            return self._renew(locks)

        try:
            lease = await persist(self._connection, send)
        except grpc.RpcError as error:
            raise verdict(error, self._lease_id) or error from error
        if lease.state == LEASE_STATE_HELD:
            self._fencing_token = fencing_token_of(lease)
            self.tenure.renewed(lease, sent_at)
            if time.monotonic() >= self.tenure.cancel_at:
                raise self.tenure.loss()
        return lease

    def start(self) -> None:
        """Goes on by itself, after ``begin``."""
        self._spawn(self._follow())
        self._tick()

    def judge(self) -> None:
        """Loses it if its time is over by the clock: a body that blocks the loop keeps every timer from firing.

        It is renewed still, if that can be, as long as something may run on it: so nobody else is served meanwhile.
        """
        if self._stopped or self.loss is not None or time.monotonic() < self.tenure.cancel_at:
            return
        self.loss = self.tenure.loss()
        self._on_loss()

    def see(self, lease: Lease) -> None:
        """Notes who asks the holder to stop, the first time that somebody does."""
        asked = asked_in(lease)
        if asked is None or self.asked is not None or self._stopped:
            return
        self.asked = asked
        self.tenure.asked = True
        self._on_ask()

    async def tell(self, facts: Mapping[str, str]) -> None:
        """Tells facts by a Renew of their own, which is sent again until it is answered; the others tell none.

        Raises LeaseLost, RuntimeError if the lease was given back, or CallFailed.
        """
        sent_at, lost = 0.0, None

        def send(locks: LockServiceAsyncStub) -> Awaitable[Lease]:
            nonlocal sent_at
            sent_at = time.monotonic()
            return self._renew(locks, facts)

        async with self._telling:
            told = not self._stopped
            try:
                if told:
                    lease = await persist(self._connection, send)
                    lost = loss_in(lease, self._fencing_token)
                    if lost is None and not self._stopped:
                        self.tenure.renewed(lease, sent_at)
                        self._arm()
            except grpc.RpcError as error:
                lost = verdict(error, self._lease_id)
                if lost is None:
                    raise CallFailed(error, self._connection.url) from None
        if lost is not None:
            self._over(lost)
        if self.loss is not None:
            raise self.loss
        if lost is not None or not told:
            raise RuntimeError("the lease was given back before the facts could be told")

    async def stop(self) -> None:
        """Ends all renewing. May be called more than once."""
        tasks = self._end()
        if tasks:
            await asyncio.wait(tasks)
        await self._tidy()

    def _end(self) -> set[asyncio.Task[Any]]:
        """No more renewing, nor following: an open stream is a sign of life. Gives what is about to end."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        return tasks

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        # The loop itself only has weak references.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _tick(self) -> None:
        if self._stopped:
            return
        self.judge()
        now = time.monotonic()
        if now >= self.tenure.renew_at:
            self.tenure.sending(now)
            self._spawn(self._try(now))
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        alarm = self.tenure.cancel_at if self.loss is None else math.inf
        left = min(self.tenure.renew_at, alarm) - time.monotonic()
        self._timer = asyncio.get_running_loop().call_later(min(max(left, 0), _LONGEST), self._tick)

    async def _renew(self, locks: LockServiceAsyncStub, facts: Mapping[str, str] | None = None) -> Lease:
        request = RenewRequest(lease_id=self._lease_id, facts=facts)
        return (await locks.Renew(request, timeout=self.tenure.timeout, metadata=self._metadata)).lease

    async def _try(self, sent_at: float) -> None:
        if self.tenure.connection > len(self._further):
            self._further.append(self._connection.another())
        connection = self._further[-1] if self.tenure.connection > 0 else self._connection
        try:
            lease = await self._renew(connection.locks)
        except grpc.RpcError as error:
            lost = verdict(error, self._lease_id)
            if lost is not None:
                self._over(lost)
            if not is_cancelled(error):
                self.tenure.failed(sent_at, words(error))
        else:
            lost = loss_in(lease, self._fencing_token)
            if lost is not None:
                self._over(lost)
            elif not self._stopped:
                self.tenure.renewed(lease, sent_at)
                self._arm()
                self.see(lease)
                await self._tidy()

    async def _tidy(self) -> None:
        """Closes further connections after an answer."""
        done, self._further = self._further, []
        for connection in done:
            await connection.close()

    async def _follow(self) -> None:
        """Hears of an end at once, and not only when the next Renew is due: after ForceRelease others may be served within seconds."""
        backoff = Backoff()

        def heard(message: WatchLeaseResponse) -> bool:
            lost = loss_in(message.lease, self._fencing_token) if message.HasField("lease") else None
            if lost is not None:
                self._over(lost)
            else:
                self.see(message.lease)
            return lost is not None

        while not self._stopped:
            begun = time.monotonic()
            try:
                await listen(self._connection.locks.WatchLease(WatchLeaseRequest(lease_id=self._lease_id), metadata=self._metadata), heard)
            except grpc.RpcError as error:
                lost = verdict(error, self._lease_id)
                if lost is not None:
                    self._over(lost)
                # Renewals tell what is wrong.
                if not is_transient(error):
                    return
            backoff.lasted(time.monotonic() - begun)
            await asyncio.sleep(backoff.pause())

    def _over(self, loss: LeaseLost) -> None:
        """Given back with its own token, for example by the body before its last steps, it is no loss: no reason to stop the body."""
        if self._stopped:
            return
        self._end()
        if self.loss is None and not is_given_back(loss):
            self.loss = loss
            self._on_loss()
