"""Waits in line, and keeps the place through lost connections and restarts of the server."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING

import grpc

from callme._calls import Calls, Watchdog, persist
from callme._errors import is_unanswered, is_unidentified
from callme._retry import FAREWELL, RELEASE_TIMEOUT, SILENCE
from callme._settings import metadata_of
from callme._token_error import TokenError
from callme._tokens import Patient, bearing
from callme.v1.lock_service_pb2 import GetLeaseRequest, ReleaseRequest, WatchLeaseRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callme._calls import Pending
    from callme._connection import Connection, Route
    from callme._place import Place
    from callme._settings import Metadata
    from callme._tokens import Opener, Tokens
    from callme.v1.lock_service_pb2 import AcquireResponse, GetLeaseResponse, ReleaseResponse
    from callme.v1.lock_service_pb2_grpc import LockServiceStub
    from callme.v1.types_pb2 import Lease


def wait_for_grant(route: Route, place: Place, opener: Opener, calls: Calls) -> Lease:
    """Returns the lease when it is HELD; called again, when it is once more.

    Raises NotAcquired, the error of a call, or CancelledError; the place in line is then given up.
    """
    try:
        _settle(route, place, opener, calls)
        return place.held()
    except BaseException:
        # KeyboardInterrupt above all; whatever it is, nobody waits any more.
        if place.open and place.lease is not None:
            give_back(route.connection, place.lease.id, place.token, place.farewell)
        raise


def leave(route: Route, place: Place, opener: Opener, calls: Calls) -> Lease:
    """Asks, and leaves the place in line to whoever picks it up. Raises as ``wait_for_grant``; the place is then given up."""
    try:
        _settle(route, place, opener, calls, stays=False)
        return place.left()
    except BaseException:
        if place.open and place.lease is not None:
            give_back(route.connection, place.lease.id, place.token, place.farewell)
        raise


def give_back(connection: Connection, lease_id: str, token: str, patience: float, facts: Mapping[str, str] | None = None) -> None:
    """Ends a lease, again and again until the server has answered, or for ``patience`` seconds: by lease id that is safe to repeat.

    Without an answer it is no error: the lease ends by itself. Facts that the server refuses keep nobody waiting.
    """
    if patience <= 0:
        return
    ends = time.monotonic() + patience
    try:
        _release(connection, ReleaseRequest(lease_id=lease_id, facts=facts), token, ends)
    except grpc.RpcError:
        if facts:
            with contextlib.suppress(grpc.RpcError):
                _release(connection, ReleaseRequest(lease_id=lease_id), token, ends)


def _release(connection: Connection, request: ReleaseRequest, token: str, ends: float) -> None:
    def send(locks: LockServiceStub) -> grpc.Future[ReleaseResponse]:
        timeout = max(0.0, min(RELEASE_TIMEOUT, ends - time.monotonic()))
        return locks.Release.future(request, timeout=timeout, metadata=metadata_of(token))

    persist(Calls(), connection, send, ends - time.monotonic())


def _settle(route: Route, place: Place, opener: Opener, calls: Calls, *, stays: bool = True) -> None:
    """Whatever happens to the stream, Acquire is sent again: with the same request_id it is safe, a sign of life, and tells the truth."""
    while True:
        calls.pause(place.pause())
        try:
            _ask(route.connection.locks, place, opener, calls)
            if stays and not place.settled:
                begun = time.monotonic()
                try:
                    _follow(route.connection.locks, place, calls)
                finally:
                    place.followed(time.monotonic() - begun)
            if place.settled or not stays:
                return
        except grpc.RpcError as error:
            place.failed(error)
            if is_unanswered(error):
                route.divert()


def _ask(locks: LockServiceStub, place: Place, opener: Opener, calls: Calls) -> None:
    """One whose token is refused is sent once more with another."""
    tokens = opener.tokens
    if place.ticket is not None or tokens is None:
        _ask_with(locks, place, opener.metadata, calls)
        return
    if opener.metadata:
        _ask_with(locks, place, _beside(opener, tokens, place, calls), calls)
        return
    token = calls.answer(Patient(tokens.fresh(), tokens.name))
    try:
        _ask_with(locks, place, bearing(token), calls)
    except grpc.RpcError as error:
        if not is_unidentified(error):
            raise
        other = calls.answer(Patient(tokens.after(token), tokens.name))
        if other.text == token.text:
            raise tokens.refused(token, error) from None
    else:
        return
    try:
        _ask_with(locks, place, bearing(other), calls)
    except grpc.RpcError as error:
        raise (tokens.refused(other, error) if is_unidentified(error) else error) from None


def _beside(opener: Opener, tokens: Tokens, place: Place, calls: Calls) -> Metadata:
    """The key decides; a token is only shown, if there is one."""
    try:
        return opener.beside(calls.answer(Patient(tokens.fresh(), tokens.name)))
    except TokenError:
        return opener.metadata


def _ask_with(locks: LockServiceStub, place: Place, metadata: Metadata, calls: Calls) -> None:
    """An Acquire may still answer for a moment when somebody gives up: only then is it known which lease to withdraw."""
    call = _send(locks, place, metadata)
    try:
        place.answered(calls.answer(call, FAREWELL / 2))
    except (grpc.RpcError, CancelledError):
        raise
    except BaseException:
        place.give_up()
        _late(call, place)
        raise
    calls.check()


def _send(locks: LockServiceStub, place: Place, metadata: Metadata) -> Pending[AcquireResponse | GetLeaseResponse]:
    if place.ticket is None:
        return locks.Acquire.future(place.request, timeout=place.call_timeout, metadata=metadata)
    request, opener = GetLeaseRequest(lease_id=place.ticket.lease_id), metadata_of(place.ticket.lease_token)
    return locks.GetLease.future(request, timeout=place.call_timeout, metadata=opener)


def _late(call: Pending[AcquireResponse | GetLeaseResponse], place: Place) -> None:
    try:
        place.answered(call.result(FAREWELL / 2))
    except (grpc.RpcError, grpc.FutureTimeoutError, grpc.FutureCancelledError):
        call.cancel()


def _follow(locks: LockServiceStub, place: Place, calls: Calls) -> None:
    """Returns when the lease is settled, or the stream has ended. By the token: who follows by a key looks on only, and claims nothing."""
    if place.lease is None:
        return
    request = WatchLeaseRequest(lease_id=place.lease.id)
    stream = locks.WatchLease(request, timeout=place.patience, metadata=metadata_of(place.token))
    with calls.under_way(stream), Watchdog(stream, SILENCE) as watchdog:
        for message in stream:
            watchdog.heard()
            if message.HasField("lease"):
                place.heard(message.lease)
            if place.settled:
                return
