"""A connection to the server, and further ones for when it does not answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc

from callme._settings import CHANNEL_OPTIONS
from callme._tls import current
from callme.v1.lock_service_pb2_grpc import LockServiceStub

if TYPE_CHECKING:
    from callme._settings import Settings


class Connection:
    """A channel, and the calls over it. One that the caller gave is never closed, and stays the only one."""

    def __init__(self, settings: Settings, given: grpc.Channel | None = None) -> None:
        self._settings = settings
        self._given = given
        self.channel = given or _open(settings)
        self.locks = LockServiceStub(self.channel)

    @property
    def url(self) -> str | None:
        """The address; None: that of a channel which the caller gave is not known."""
        return self._settings.url if self._given is None else None

    def another(self) -> Connection:
        """For a call that is sent again: the connection may be dead without a word, or wait long before it tries the next time."""
        return self if self._given is not None else Connection(self._settings)

    def close(self) -> None:
        """Ends it, and all calls over it."""
        if self._given is None:
            self.channel.close()


class Route:
    """The connection that one hold uses: the client's own, until that gives no answer."""

    def __init__(self, own: Connection) -> None:
        self._own = self.connection = own

    def divert(self) -> None:
        """The connection may be dead without a word: what is sent from here on goes over a new one."""
        before, self.connection = self.connection, self.connection.another()
        if before not in (self._own, self.connection):
            before.close()

    def close(self) -> None:
        """Ends what is not the client's own."""
        if self.connection is not self._own:
            self.connection.close()


def _open(settings: Settings) -> grpc.Channel:
    if settings.credentials is not None:
        return grpc.secure_channel(settings.target, current(settings.credentials), CHANNEL_OPTIONS)
    return grpc.insecure_channel(settings.target, CHANNEL_OPTIONS)
