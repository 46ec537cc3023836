"""Waits in line, and keeps the place through lost connections and restarts of the server."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import grpc

from callme._errors import is_unanswered, is_unidentified
from callme._retry import FAREWELL
from callme._settings import metadata_of
from callme._token_error import TokenError
from callme._tokens import bearing
from callme.aio._calls import give_back, listen, patiently
from callme.v1.lock_service_pb2 import GetLeaseRequest, WatchLeaseRequest

if TYPE_CHECKING:
    from callme._id_token import IdToken
    from callme._place import Place
    from callme._settings import Metadata
    from callme._tokens import Opener, Tokens
    from callme.aio._connection import Route
    from callme.v1.lock_service_pb2 import AcquireResponse, GetLeaseResponse, WatchLeaseResponse
    from callme.v1.lock_service_pb2_grpc import LockServiceAsyncStub
    from callme.v1.types_pb2 import Lease


async def wait_for_grant(route: Route, place: Place, opener: Opener) -> Lease:
    """Returns the lease when it is HELD; called again, when it is once more. Raises NotAcquired or the error of a call.

    Then, and when it is cancelled, the place in line is given up.
    """
    try:
        await _settle(route, place, opener)
        return place.held()
    except BaseException:
        if place.open and place.lease is not None:
            await give_back(route.connection, place.lease.id, place.token, place.farewell)
        raise


async def leave(route: Route, place: Place, opener: Opener) -> Lease:
    """Asks, and leaves the place in line to whoever picks it up. Raises as ``wait_for_grant``; the place is then given up."""
    try:
        await _settle(route, place, opener, stays=False)
        return place.left()
    except BaseException:
        if place.open and place.lease is not None:
            await give_back(route.connection, place.lease.id, place.token, place.farewell)
        raise


async def _settle(route: Route, place: Place, opener: Opener, *, stays: bool = True) -> None:
    """Whatever happens to the stream, Acquire is sent again: with the same request_id it is safe, a sign of life, and tells the truth."""
    while True:
        await asyncio.sleep(place.pause())
        try:
            await _ask(route.connection.locks, place, opener)
            if stays and not place.settled:
                begun = time.monotonic()
                try:
                    await _follow(route.connection.locks, place)
                finally:
                    place.followed(time.monotonic() - begun)
            if place.settled or not stays:
                return
        except grpc.RpcError as error:
            place.failed(error)
            if is_unanswered(error):
                await route.divert()


async def _ask(locks: LockServiceAsyncStub, place: Place, opener: Opener) -> None:
    """An Acquire may still answer for a moment when somebody gives up: only then is it known which lease to withdraw."""

    async def ask() -> AcquireResponse | GetLeaseResponse:
        if place.ticket is not None:
            request, key = GetLeaseRequest(lease_id=place.ticket.lease_id), metadata_of(place.ticket.lease_token)
            return await locks.GetLease(request, timeout=place.call_timeout, metadata=key)
        if opener.tokens is None:
            return await locks.Acquire(place.request, timeout=place.call_timeout, metadata=opener.metadata)
        if opener.metadata:
            return await locks.Acquire(place.request, timeout=place.call_timeout, metadata=await _beside(opener, opener.tokens, place))
        return await _identified(locks, place, opener.tokens)

    asking = asyncio.ensure_future(ask())
    try:
        place.answered(await asyncio.shield(asking))
    except asyncio.CancelledError:
        place.give_up()
        await asyncio.wait({asking}, timeout=FAREWELL / 2)
        if asking.done() and not asking.cancelled() and asking.exception() is None:
            place.answered(asking.result())
        raise
    finally:
        asking.cancel()


async def _beside(opener: Opener, tokens: Tokens, place: Place) -> Metadata:
    """The key decides; a token is only shown, if there is one."""
    try:
        return opener.beside(await patiently(tokens.fresh(), tokens.name))
    except TokenError:
        return opener.metadata


async def _identified(locks: LockServiceAsyncStub, place: Place, tokens: Tokens) -> AcquireResponse:
    """An Acquire whose token is refused is sent once more with another."""

    async def send(token: IdToken) -> AcquireResponse:
        return await locks.Acquire(place.request, timeout=place.call_timeout, metadata=bearing(token))

    token = await patiently(tokens.fresh(), tokens.name)
    try:
        return await send(token)
    except grpc.RpcError as error:
        if not is_unidentified(error):
            raise
        other = await patiently(tokens.after(token), tokens.name)
        if other.text == token.text:
            raise tokens.refused(token, error) from None
    try:
        return await send(other)
    except grpc.RpcError as error:
        raise (tokens.refused(other, error) if is_unidentified(error) else error) from None


async def _follow(locks: LockServiceAsyncStub, place: Place) -> None:
    """Returns when the lease is settled, or the stream has ended. By the token: who follows by a key looks on only, and claims nothing."""

    def heard(message: WatchLeaseResponse) -> bool:
        if message.HasField("lease"):
            place.heard(message.lease)
        return place.settled

    if place.lease is not None:
        request = WatchLeaseRequest(lease_id=place.lease.id)
        await listen(locks.WatchLease(request, timeout=place.patience, metadata=metadata_of(place.token)), heard)
