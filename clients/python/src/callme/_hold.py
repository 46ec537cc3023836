"""``with client.hold("uat") as lease``. Nothing in this file is interrupted by Interrupted: see _interrupt."""

from __future__ import annotations

import time
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Callable

import grpc

from callme import _process
from callme._calls import Calls
from callme._connection import Route
from callme._errors import CallFailed, cause_of, lacking
from callme._interrupt import Interrupted, Interrupter, Unmoved, interrupter
from callme._keeper import Keeper
from callme._lease import HeldLease
from callme._retry import FAREWELL, PATIENCE
from callme._waiting import give_back, wait_for_grant
from callme.v1.types_pb2 import LEASE_STATE_HELD

if TYPE_CHECKING:
    from types import TracebackType

    from callme._connection import Connection
    from callme._place import Place
    from callme._tokens import Opener


class Hold:
    """Environments that are held while a ``with`` block runs. Made by ``hold``; good for one ``with``."""

    def __init__(self, connection: Connection, opener: Opener, place: Place, *, interrupt: bool, close: Callable[[], None]) -> None:
        self._route = Route(connection)
        self._opener = opener
        self._place = place
        self._interrupt = interrupt
        self._close = close
        self._calls = Calls()
        self._interrupter: Interrupter = Unmoved()
        self._keeper: Keeper | None = None
        self._lease: HeldLease | None = None
        self._entered = False

    def cancel(self) -> None:
        """Gives the place in line up, or interrupts the body; the ``with`` raises concurrent.futures.CancelledError. From any thread."""
        self._place.give_up()
        self._calls.cancel()
        self._interrupter.fire()

    def __enter__(self) -> HeldLease:
        if self._entered:
            raise RuntimeError("a hold is good for one with: call hold() again")
        self._entered = True
        try:
            self._calls.check()
            lease = self._take()
            if self._interrupt:
                self._interrupter = interrupter()
            if lease.lost.is_set() or lease.cancel_requested is not None or self._calls.cancelled.is_set():
                self._interrupter.fire()
            self._interrupter.arm()
        except BaseException as error:
            self._disarm()
            self._finish(error, FAREWELL)
            if isinstance(error, grpc.RpcError):
                raise CallFailed(error, self._route.connection.url) from None
            raise
        return lease

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._disarm()
        if self._keeper is not None:
            self._keeper.judge()
        self._finish(error, PATIENCE)

    def _disarm(self) -> None:
        # It comes once at most: if that is just now, the second try gets through.
        try:
            self._interrupter.disarm()
        except Interrupted:
            self._interrupter.disarm()

    def _take(self) -> HeldLease:
        while True:
            granted = wait_for_grant(self._route, self._place, self._opener, self._calls)
            self._keeper = keeper = Keeper(self._route.connection, granted, self._place.token, self._on_loss, self._on_ask)
            begun = keeper.begin(self._calls)
            if begun.state == LEASE_STATE_HELD:
                lacks = lacking(begun)
                if lacks is not None:
                    raise lacks
                self._lease = lease = HeldLease(begun, self._place.token, keeper.tell, self._calls.cancelled)
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
        self._interrupter.fire()

    def _on_ask(self) -> None:
        keeper, lease = self._keeper, self._lease
        if keeper is None or lease is None:
            return
        lease.cancel_requested = keeper.asked
        self._interrupter.fire()

    def _finish(self, error: BaseException | None, patience: float) -> None:
        """Ends all that was begun, and raises what the ``with`` ends with, if that is not the error itself."""
        keeper, loss = self._keeper, None
        try:
            if keeper is not None:
                keeper.stop()
                loss = keeper.loss
                # What is over, or almost, need not be given back.
                length = FAREWELL if loss is not None else patience
                facts = self._lease._facts if self._lease is not None else None
                give_back(self._route.connection, self._place.held().id, self._place.token, length, facts)
                keeper.join()
        finally:
            self._route.close()
            self._close()
        if loss is not None and (error is None or isinstance(error, (Exception, Interrupted))):
            # Whatever went wrong once the lease was lost went wrong because of that.
            raise loss from cause_of(loss, error)
        if isinstance(error, Interrupted) and self._calls.cancelled.is_set():
            raise CancelledError from error
        if isinstance(error, Interrupted) and keeper is not None and keeper.asked is not None:
            raise keeper.asked from error
