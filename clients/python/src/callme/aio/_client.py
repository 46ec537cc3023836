"""The client for asyncio."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc

from callme._errors import CallFailed
from callme._facts import facts_of
from callme._options import HELP, HoldOptions, observer_of, request_for, watcher
from callme._place import Place
from callme._retry import RELEASE_TIMEOUT
from callme._settings import Metadata, metadata_of, settings_of
from callme._ticket import Ticket, check_detached, check_ticket
from callme._tokens import bearing, opener_of
from callme.aio._calls import persist
from callme.aio._connection import Connection, Route
from callme.aio._hold import Hold
from callme.aio._waiting import leave
from callme.v1.environment_service_pb2_grpc import EnvironmentServiceStub
from callme.v1.lock_service_pb2 import AcquireRequest, ReleaseRequest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping
    from typing import Callable

    from typing_extensions import Unpack

    from callme.v1.environment_service_pb2_grpc import EnvironmentServiceAsyncStub
    from callme.v1.lock_service_pb2_grpc import LockServiceAsyncStub
    from callme.v1.types_pb2 import Lease, Need


class Client:
    """Holds environments of a call-me server, in one event loop. ``await close()`` it, or use it in an ``async with``.

    ``url``, ``key``: as of callme.Client. ``channel``: one of your own, for certificates or interceptors; then ``url`` is
    not used, and the channel is yours to close. Otherwise the connection belongs to the loop that runs at the first use.
    """

    def __init__(self, url: str | None = None, key: str | None = None, *, channel: grpc.aio.Channel | None = None) -> None:
        self._settings = settings_of(url, key)
        self._given = channel
        self._connection: Connection | None = None
        self._opener = opener_of(self._settings, key, own_channel=channel is not None)
        self.metadata: Metadata = self._opener.metadata
        """The key, for calls of ``locks`` and ``environments``: ``client.locks.Check(request, metadata=client.metadata)``."""

    @property
    def locks(self) -> LockServiceAsyncStub:
        """All calls of LockService, as generated."""
        return self._connect().locks

    @property
    def environments(self) -> EnvironmentServiceAsyncStub:
        """All calls of EnvironmentService, as generated."""
        return EnvironmentServiceStub(self._connect().channel)

    def hold(self, *environments: str | Need, **options: Unpack[HoldOptions]) -> Hold:
        """Holds all of these environments together while an ``async with`` block runs, and releases them after it.

        Entering it waits, also through restarts of the server, and raises NotAcquired, or CallFailed if the server refused the
        call. What the body raises comes out unchanged, but if the lease was lost the body is cancelled and it is LeaseLost. Raises
        TypeError or ValueError for bad options.
        """
        return self._hold(environments, options, _leave_open)

    async def detach(self, *environments: str | Need, **options: Unpack[HoldOptions]) -> Ticket:
        """Asks, and leaves the place in line, or what was granted at once, to another process: see ``pick_up``.

        Nobody keeps it meanwhile, so ``ttl``, ``ticket_ttl`` and ``claim_timeout`` must be given (not with ``auto_claim``). Raises as
        ``hold`` does before its body; what has been asked for by then is given up.
        """
        check_detached(options)
        request = request_for(environments, options)
        place, route = Place(request, observer_of(options)), Route(self._connect())
        try:
            lease = await leave(route, place, self._opener)
        except grpc.RpcError as error:
            raise CallFailed(error, route.connection.url) from None
        finally:
            await route.close()
        return Ticket(lease.id, place.token, request.request_id)

    def pick_up(self, ticket: Ticket, *, quiet: bool = False, on_waiting: Callable[[Lease], object] | None = None) -> Hold:
        """Holds what another process has asked for by ``detach``; from here on it is as ``hold``.

        Who has lost the ticket's token, but has the key, calls ``hold`` with all that ``detach`` was given, ``request_id`` and ``holder``
        included. Entering the ``async with`` raises NotAcquired if it has ended meanwhile. Raises TypeError for what is no ticket.
        """
        check_ticket(ticket)
        return Hold(self._connect, self._opener, Place(AcquireRequest(), watcher(on_waiting, quiet=quiet), ticket), _leave_open)

    async def release(self, lease_id: str, lease_token: str, facts: Mapping[str, str] | None = None) -> None:
        """Releases a lease, of whatever process, by its token alone, and tells facts with that; one that has ended is no error.

        It is tried for 10 s. Raises CallFailed.
        """
        request, metadata = ReleaseRequest(lease_id=lease_id, facts=facts_of(facts or {})), metadata_of(lease_token)
        connection = self._connect()
        try:
            await persist(connection, lambda locks: locks.Release(request, timeout=RELEASE_TIMEOUT, metadata=metadata))
        except grpc.RpcError as error:
            raise CallFailed(error, connection.url) from None

    async def fresh_metadata(self) -> Metadata:
        """As that of callme.Client."""
        if self._opener.tokens is None or self.metadata:
            return self.metadata
        try:
            return bearing(await asyncio.wrap_future(self._opener.tokens.fresh()))
        except grpc.RpcError as error:
            raise CallFailed(error) from None

    async def close(self) -> None:
        """Closes the connection. Holds must have ended."""
        if self._connection is not None:
            await self._connection.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = Connection(self._settings, self._given)
        return self._connection

    def _hold(self, environments: tuple[str | Need, ...], options: HoldOptions, close: Callable[[], Awaitable[None]]) -> Hold:
        place = Place(request_for(environments, options), observer_of(options))
        return Hold(self._connect, self._opener, place, close)


def hold(*environments: str | Need, **options: Unpack[HoldOptions]) -> Hold:
    """Client.hold with a client of its own, for the server of CALL_ME_URL and the key of CALL_ME_API_KEY."""
    client = Client()
    return client._hold(environments, options, client.close)


async def _leave_open() -> None:
    pass


for _asking in (Client.hold, hold):
    _asking.__doc__ = f"{_asking.__doc__}\n{HELP}"
