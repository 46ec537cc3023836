"""Awaited calls that are repeated, and streams that may fall silent."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Any, Callable, TypeVar, cast

import grpc

from callme._errors import delay, is_transient
from callme._retry import PATIENCE, RELEASE_TIMEOUT, SILENCE, Backoff
from callme._settings import metadata_of
from callme._tokens import LONGEST_WAIT, late
from callme.v1.lock_service_pb2 import ReleaseRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping
    from concurrent.futures import Future

    from callme._id_token import IdToken
    from callme.aio._connection import Connection
    from callme.v1.lock_service_pb2 import ReleaseResponse
    from callme.v1.lock_service_pb2_grpc import LockServiceAsyncStub

T = TypeVar("T")


async def persist(connection: Connection, send: Callable[[LockServiceAsyncStub], Awaitable[T]], patience: float = PATIENCE) -> T:
    """Sends a call until it is answered, fails for good, or the server was out of reach for ``patience`` seconds.

    It must be safe to repeat.
    """
    backoff = Backoff()
    given_up_at = time.monotonic() + patience
    current = connection
    while True:
        try:
            return await send(current.locks)
        except grpc.RpcError as error:
            pause = backoff.pause(delay(error))
            if not is_transient(error) or time.monotonic() + pause >= given_up_at:
                raise
        finally:
            if current is not connection:
                await current.close()
        await asyncio.sleep(pause)
        current = connection.another()


async def give_back(connection: Connection, lease_id: str, token: str, patience: float, facts: Mapping[str, str] | None = None) -> None:
    """Ends a lease, again and again until the server has answered, or for ``patience`` seconds: by lease id that is safe to repeat.

    Without an answer it is no error: the lease ends by itself. Facts that the server refuses keep nobody waiting.
    """
    if patience <= 0:
        return
    ends = time.monotonic() + patience
    try:
        await _release(connection, ReleaseRequest(lease_id=lease_id, facts=facts), token, ends)
    except grpc.RpcError:
        if facts:
            with contextlib.suppress(grpc.RpcError):
                await _release(connection, ReleaseRequest(lease_id=lease_id), token, ends)


async def _release(connection: Connection, request: ReleaseRequest, token: str, ends: float) -> None:
    def send(locks: LockServiceAsyncStub) -> Awaitable[ReleaseResponse]:
        timeout = max(0.0, min(RELEASE_TIMEOUT, ends - time.monotonic()))
        return locks.Release(request, timeout=timeout, metadata=metadata_of(token))

    await persist(connection, send, ends - time.monotonic())


async def patiently(token: Future[IdToken], source: str) -> IdToken:
    """Waits for a token. Raises TokenError, also when it does not come in the time that a call has for it."""
    waiting = asyncio.wrap_future(token)
    try:
        await asyncio.wait({waiting}, timeout=LONGEST_WAIT)
        if not waiting.done():
            raise late(source)
        return waiting.result()
    finally:
        waiting.cancel()


async def listen(stream: grpc.aio.UnaryStreamCall[Any, T], heard: Callable[[T], bool]) -> None:
    """Gives every message to ``heard``, until it returns true, or the stream ends, or is silent for 40 s.

    A connection can die without a word.
    """
    read: asyncio.Future[T] | None = None
    try:
        while True:
            read = asyncio.ensure_future(cast("Awaitable[T]", stream.read()))
            # Not wait_for: before Python 3.12 it can lose a cancellation.
            await asyncio.wait({read}, timeout=SILENCE)
            if not read.done() or read.result() is grpc.aio.EOF or heard(read.result()):
                return
    finally:
        if read is not None:
            read.cancel()
        stream.cancel()
