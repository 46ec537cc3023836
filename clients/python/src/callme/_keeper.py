"""Keeps a HELD lease by renewing it, and tells when it is lost."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Callable

import grpc

from callme._calls import Calls, Watchdog, persist
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
from callme._retry import SILENCE, Backoff
from callme._settings import metadata_of
from callme._tenure import Tenure
from callme.v1.lock_service_pb2 import RenewRequest, WatchLeaseRequest
from callme.v1.types_pb2 import LEASE_STATE_HELD

if TYPE_CHECKING:
    from collections.abc import Mapping

    from callme._calls import Cancellable
    from callme._connection import Connection
    from callme.v1.lock_service_pb2 import RenewResponse
    from callme.v1.lock_service_pb2_grpc import LockServiceStub
    from callme.v1.types_pb2 import Lease

# No lock can be waited for much longer, in seconds.
_LONGEST = 86_400


class Keeper:
    """Renews in threads of its own until ``stop``, or until the lease has ended, whoever ended it, or was taken back.

    ``on_loss`` is called once at most, in one of them or by ``judge``; not if whoever has our token or key gave the lease back.
    ``on_ask`` is called once at most, when the holder is asked to stop.
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
        self._telling = threading.Lock()
        self._stopped = threading.Event()
        # Guards all of the above; notified when there is something new for _keep to reckon with.
        self._changed = threading.Condition()
        self._calls: set[Cancellable] = set()
        self._further: list[Connection] = []
        self._threads = [
            threading.Thread(target=work, name=f"call-me-{work.__name__.strip('_')}", daemon=True) for work in (self._keep, self._follow)
        ]

    def begin(self, calls: Calls) -> Lease:
        """Renews once, before anything relies on the lease, and gives it as it is now: if it was taken back meanwhile, it is not HELD.

        A grant may have been long on its way to us: only a Renew of our own tells when the time began. Raises LeaseLost if the lease
        has ended already or is about to, what keeps us from the server, or CancelledError.
        """
        sent_at = 0.0

        def send(locks: LockServiceStub) -> grpc.Future[RenewResponse]:
            nonlocal sent_at
            sent_at = time.monotonic()
            return self._renew(locks)

        try:
            answer = persist(calls, self._connection, send)
        except grpc.RpcError as error:
            raise verdict(error, self._lease_id) or error from error
        if answer.lease.state == LEASE_STATE_HELD:
            self._fencing_token = fencing_token_of(answer.lease)
            self.tenure.renewed(answer.lease, sent_at)
            if time.monotonic() >= self.tenure.cancel_at:
                raise self.tenure.loss()
        return answer.lease

    def start(self) -> None:
        """Goes on by itself, after ``begin``."""
        for thread in self._threads:
            thread.start()

    def judge(self) -> None:
        """Loses it if its time is over by the clock, whatever keeps our threads from seeing that.

        It is renewed still, if that can be, as long as something may run on it: so nobody else is served meanwhile.
        """
        with self._changed:
            if self._stopped.is_set() or self.loss is not None or time.monotonic() < self.tenure.cancel_at:
                return
            self.loss = self.tenure.loss()
        self._on_loss()

    def see(self, lease: Lease) -> None:
        """Notes who asks the holder to stop, the first time that somebody does."""
        asked = asked_in(lease)
        with self._changed:
            if asked is None or self.asked is not None or self._stopped.is_set():
                return
            self.asked = asked
            self.tenure.asked = True
        self._on_ask()

    def tell(self, facts: Mapping[str, str]) -> None:
        """Tells facts by a Renew of their own, which is sent again until it is answered; the others tell none.

        Raises LeaseLost, RuntimeError if the lease was given back, or CallFailed.
        """
        request = RenewRequest(lease_id=self._lease_id, facts=facts)
        sent_at = 0.0

        def send(locks: LockServiceStub) -> grpc.Future[RenewResponse]:
            nonlocal sent_at
            sent_at = time.monotonic()
            return locks.Renew.future(request, timeout=self.tenure.timeout, metadata=self._metadata)

        with self._telling:
            told = not self._stopped.is_set()
            lost = None
            try:
                if told:
                    lease = persist(Calls(), self._connection, send).lease
                    lost = loss_in(lease, self._fencing_token)
                    if lost is None:
                        with self._changed:
                            self.tenure.renewed(lease, sent_at)
                            self._changed.notify_all()
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

    def stop(self) -> None:
        """Ends all renewing. May be called more than once."""
        with self._changed:
            self._stopped.set()
            self._changed.notify_all()
            calls = list(self._calls)
        for call in calls:
            call.cancel()

    def _renew(self, locks: LockServiceStub) -> grpc.Future[RenewResponse]:
        request = RenewRequest(lease_id=self._lease_id)
        return locks.Renew.future(request, timeout=self.tenure.timeout, metadata=self._metadata)

    def join(self) -> None:
        """After ``stop``: waits until its threads have ended, for a second at most."""
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(1)

    def _keep(self) -> None:
        try:
            while self._reckon():
                self.judge()
                self._tidy()
        except Exception as error:  # noqa: BLE001: who cannot go on must not be relied on; for example after Client.close
            self._over(LeaseLost(self._lease_id, f"it could not be kept ({error!r})"))
        finally:
            self._tidy()

    def _reckon(self) -> bool:
        """Sends what is due, and waits until more may be; false when it was stopped."""
        tenure = self.tenure
        with self._changed:
            now = time.monotonic()
            if self._stopped.is_set():
                return False
            if now >= tenure.renew_at:
                tenure.sending(now)
                self._send(now)
            alarm = tenure.cancel_at if self.loss is None else math.inf
            self._changed.wait(max(0, min(tenure.renew_at, alarm, now + _LONGEST) - now))
            return True

    def _send(self, sent_at: float) -> None:
        if self.tenure.connection > len(self._further):
            self._further.append(self._connection.another())
        connection = self._further[-1] if self.tenure.connection > 0 else self._connection
        call = self._renew(connection.locks)
        self._calls.add(call)
        call.add_done_callback(lambda done: self._answered(done, sent_at))

    def _tidy(self) -> None:
        """Closes further connections after an answer. Not with a lock: that waits until the callbacks of their calls have run."""
        with self._changed:
            done = self._further if self.tenure.connection == 0 or self._stopped.is_set() else []
            if done:
                self._further = []
        for connection in done:
            connection.close()

    def _answered(self, call: grpc.Future[RenewResponse], sent_at: float) -> None:
        lost = lease = None
        with self._changed:
            self._calls.discard(call)
            if self._stopped.is_set():
                return
            try:
                lease = call.result().lease
                lost = loss_in(lease, self._fencing_token)
                if lost is None:
                    self.tenure.renewed(lease, sent_at)
            except (grpc.RpcError, grpc.FutureCancelledError) as error:
                lost = verdict(error, self._lease_id)
                if not is_cancelled(error):
                    self.tenure.failed(sent_at, words(error))
            self._changed.notify_all()
        if lost is not None:
            self._over(lost)
        elif lease is not None:
            self.see(lease)

    def _follow(self) -> None:
        """Hears of an end at once, and not only when the next Renew is due: after ForceRelease others may be served within seconds."""
        backoff = Backoff()
        while not self._stopped.is_set():
            begun = time.monotonic()
            try:
                lost = self._listen()
            except grpc.RpcError as error:
                lost = verdict(error, self._lease_id)
                # Renewals tell what is wrong.
                if lost is None and not is_transient(error):
                    return
            if lost is not None:
                self._over(lost)
                return
            backoff.lasted(time.monotonic() - begun)
            self._stopped.wait(backoff.pause())

    def _listen(self) -> LeaseLost | None:
        """Returns the loss that the stream told of; None if it has only ended itself."""
        stream = self._connection.locks.WatchLease(WatchLeaseRequest(lease_id=self._lease_id), metadata=self._metadata)
        with self._changed:
            self._calls.add(stream)
        try:
            with Watchdog(stream, SILENCE) as watchdog:
                if self._stopped.is_set():
                    return None
                for message in stream:
                    watchdog.heard()
                    lost = loss_in(message.lease, self._fencing_token) if message.HasField("lease") else None
                    if lost is not None:
                        return lost
                    self.see(message.lease)
                return None
        finally:
            with self._changed:
                self._calls.discard(stream)

    def _over(self, loss: LeaseLost) -> None:
        """Given back with its own token, for example by the body before its last steps, it is no loss: no reason to stop the body."""
        with self._changed:
            if self._stopped.is_set():
                return
            self._stopped.set()
            lost = self.loss is None and not is_given_back(loss)
            if lost:
                self.loss = loss
        self.stop()
        if lost:
            self._on_loss()
