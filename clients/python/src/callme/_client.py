"""The blocking client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

import grpc

from callme._calls import Calls, persist
from callme._connection import Connection, Route
from callme._errors import CallFailed
from callme._facts import facts_of
from callme._hold import Hold
from callme._options import HELP, HoldOptions, observer_of, request_for, watcher
from callme._place import Place
from callme._retry import RELEASE_TIMEOUT
from callme._settings import Metadata, metadata_of, settings_of
from callme._ticket import Ticket, check_detached, check_ticket
from callme._tokens import bearing, opener_of
from callme._waiting import leave
from callme.v1.environment_service_pb2_grpc import EnvironmentServiceStub
from callme.v1.lock_service_pb2 import AcquireRequest, ReleaseRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from typing_extensions import Unpack

    from callme.v1.types_pb2 import Lease, Need


class Client:
    """Holds environments of a call-me server. Threads may share one; ``close`` it, or use it in a ``with``.

    ``url``: http://host:port or https://host:port; CALL_ME_URL unless given, or else http://127.0.0.1:8000. ``key``: an API key or a
    lease token; CALL_ME_API_KEY unless given; empty: none is sent; where neither says one, it is the CI system's token for this job, if
    there is one. ``channel``: one of your own, for certificates or interceptors; then ``url`` is not used, and the channel is yours to
    close. Raises ValueError for an unusable ``url``, or a wrong setting.
    """

    def __init__(self, url: str | None = None, key: str | None = None, *, channel: grpc.Channel | None = None) -> None:
        settings = settings_of(url, key)
        self._connection = Connection(settings, channel)
        self._opener = opener_of(settings, key, own_channel=channel is not None)
        self.metadata: Metadata = self._opener.metadata
        """The key, for calls of ``locks`` and ``environments``: ``client.locks.Check(request, metadata=client.metadata)``."""
        self.locks = self._connection.locks
        """All calls of LockService, as generated."""
        self.environments = EnvironmentServiceStub(self._connection.channel)
        """All calls of EnvironmentService, as generated."""

    def hold(self, *environments: str | Need, interrupt: bool = True, **options: Unpack[HoldOptions]) -> Hold:
        """Holds all of these environments together while a ``with`` block runs, and releases them after it.

        Entering the ``with`` waits, also through restarts of the server, and raises NotAcquired, or CallFailed if the server
        refused the call. What the body raises comes out unchanged, but if the lease was lost it is LeaseLost. With
        ``interrupt`` the body of a lost lease is interrupted (see Interrupted); without, look at ``lease.lost`` yourself. Raises
        TypeError or ValueError for bad options.
        """
        return self._hold(environments, options, interrupt=interrupt, close=_leave_open)

    def detach(self, *environments: str | Need, **options: Unpack[HoldOptions]) -> Ticket:
        """Asks, and leaves the place in line, or what was granted at once, to another process: see ``pick_up``.

        Nobody keeps it meanwhile, so ``ttl``, ``ticket_ttl`` and ``claim_timeout`` must be given (not with ``auto_claim``). Raises as
        ``hold`` does before its body; what has been asked for by then is given up.
        """
        check_detached(options)
        request = request_for(environments, options)
        place, route = Place(request, observer_of(options)), Route(self._connection)
        try:
            lease = leave(route, place, self._opener, Calls())
        except grpc.RpcError as error:
            raise CallFailed(error, self._connection.url) from None
        finally:
            route.close()
        return Ticket(lease.id, place.token, request.request_id)

    def pick_up(
        self, ticket: Ticket, *, interrupt: bool = True, quiet: bool = False, on_waiting: Callable[[Lease], object] | None = None
    ) -> Hold:
        """Holds what another process has asked for by ``detach``; from here on it is as ``hold``.

        Who has lost the ticket's token, but has the key, calls ``hold`` with all that ``detach`` was given, ``request_id`` and ``holder``
        included. Entering the ``with`` raises NotAcquired if it has ended meanwhile. Raises TypeError for what is no ticket.
        """
        check_ticket(ticket)
        place = Place(AcquireRequest(), watcher(on_waiting, quiet=quiet), ticket)
        return Hold(self._connection, self._opener, place, interrupt=interrupt, close=_leave_open)

    def release(self, lease_id: str, lease_token: str, facts: Mapping[str, str] | None = None) -> None:
        """Releases a lease, of whatever process, by its token alone, and tells facts with that; one that has ended is no error.

        It is tried for 10 s. Raises CallFailed.
        """
        request, metadata = ReleaseRequest(lease_id=lease_id, facts=facts_of(facts or {})), metadata_of(lease_token)
        try:
            persist(Calls(), self._connection, lambda locks: locks.Release.future(request, timeout=RELEASE_TIMEOUT, metadata=metadata))
        except grpc.RpcError as error:
            raise CallFailed(error, self._connection.url) from None

    def fresh_metadata(self) -> Metadata:
        """What opens calls of ``locks`` and ``environments`` just now: the key, or a token of the CI job, which may be fetched for that.

        Raises CallFailed if there is none to be had.
        """
        if self._opener.tokens is None or self.metadata:
            return self.metadata
        try:
            return bearing(self._opener.tokens.fresh().result())
        except grpc.RpcError as error:
            raise CallFailed(error) from None

    def close(self) -> None:
        """Closes the connection. Holds must have ended."""
        self._connection.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _hold(self, environments: tuple[str | Need, ...], options: HoldOptions, *, interrupt: bool, close: Callable[[], None]) -> Hold:
        place = Place(request_for(environments, options), observer_of(options))
        return Hold(self._connection, self._opener, place, interrupt=interrupt, close=close)


def hold(*environments: str | Need, interrupt: bool = True, **options: Unpack[HoldOptions]) -> Hold:
    """Client.hold with a client of its own, for the server of CALL_ME_URL and the key of CALL_ME_API_KEY."""
    client = Client()
    return client._hold(environments, options, interrupt=interrupt, close=client.close)


def _leave_open() -> None:
    pass


for _asking in (Client.hold, hold):
    _asking.__doc__ = f"{_asking.__doc__}\n{HELP}"
