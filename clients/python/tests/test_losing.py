"""What a loss by time makes of a hold. When it comes is tested in test/clients."""

from __future__ import annotations

import asyncio
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from callme.v1.lock_service_pb2 import AcquireResponse, ReleaseResponse, RenewResponse
from callme.v1.lock_service_pb2_grpc import LockServiceServicer, add_LockServiceServicer_to_server
from callme.v1.types_pb2 import END_REASON_RELEASED, LEASE_STATE_ENDED, LEASE_STATE_HELD, EndedBy, Lease
from google.protobuf.duration_pb2 import Duration

from callme import Client, LeaseLost, aio
from callme._errors import loss_in

# Longer than anything takes here, in seconds.
LONG = 30


class Server(LockServiceServicer):
    """Grants everything at once, and renews it unless it is away."""

    def __init__(self) -> None:
        self.ttl = 60
        self.away = False
        self.renewed = threading.Event()

    def lease(self) -> Lease:
        return Lease(id="lease-1", state=LEASE_STATE_HELD, ttl=Duration(seconds=self.ttl), ttl_remaining=Duration(seconds=self.ttl))

    def Acquire(self, request: Any, context: Any) -> AcquireResponse:
        return AcquireResponse(lease=self.lease(), lease_token="token-1")

    def Renew(self, request: Any, context: Any) -> RenewResponse:
        if self.away:
            context.abort(grpc.StatusCode.UNAVAILABLE, "stopping")
        self.renewed.set()
        return RenewResponse(lease=self.lease())

    def WatchLease(self, request: Any, context: Any) -> Any:
        over = threading.Event()
        context.add_callback(over.set)
        over.wait(LONG)
        return iter(())

    def Release(self, request: Any, context: Any) -> ReleaseResponse:
        return ReleaseResponse()

    def comes_back(self) -> bool:
        """Whether a lost lease is renewed when it is there again."""
        self.renewed.clear()
        self.away = False
        return self.renewed.wait(LONG)


class Losing(unittest.TestCase):
    def setUp(self) -> None:
        self.server = Server()
        server = grpc.server(ThreadPoolExecutor(8))
        add_LockServiceServicer_to_server(self.server, server)
        self.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        self.addCleanup(lambda: server.stop(None).wait())

    def test_by_the_clock_where_no_alarm_went_off(self) -> None:
        with Client(self.url) as client, self.assertRaises(LeaseLost):
            hold = client.hold("uat")
            with hold as lease:
                # Its threads look at the time again when the next Renew is due.
                hold._keeper.tenure.deadline = 0
        self.assertTrue(lease.lost.is_set())

    def test_by_the_clock_where_the_loop_was_blocked(self) -> None:
        async def body() -> None:
            async with aio.Client(self.url) as client:
                hold = client.hold("uat")
                async with hold:
                    hold._keeper.tenure.deadline = 0

        with self.assertRaises(LeaseLost):
            asyncio.run(body())

    def test_not_by_the_clock_once_it_was_given_back(self) -> None:
        by_its_token = Lease(id="lease-1", state=LEASE_STATE_ENDED, end_reason=END_REASON_RELEASED, ended_by=EndedBy(lease_id="lease-1"))
        given_back = loss_in(by_its_token, 0)
        assert given_back is not None

        async def body() -> None:
            async with aio.Client(self.url) as client:
                hold = client.hold("uat")
                async with hold:
                    hold._keeper._over(given_back)
                    hold._keeper.tenure.deadline = 0

        asyncio.run(body())
        with Client(self.url) as client:
            hold = client.hold("uat")
            with hold:
                hold._keeper._over(given_back)
                hold._keeper.tenure.deadline = 0

    def test_by_time_leaves_it_renewed_while_a_body_runs(self) -> None:
        self.server.ttl = 2
        with Client(self.url) as client, self.assertRaises(LeaseLost) as caught, client.hold("uat", interrupt=False) as lease:
            self.server.away = True
            lease.lost.wait(LONG)
            back = self.server.comes_back()
        self.assertTrue(back)
        self.assertIn("stopping", caught.exception.why)

    def test_by_time_leaves_it_renewed_while_an_awaiting_body_runs(self) -> None:
        back = []

        async def body() -> None:
            async with aio.Client(self.url) as client, client.hold("uat"):
                self.server.away = True
                try:
                    await asyncio.sleep(LONG)
                except asyncio.CancelledError:
                    back.append(await asyncio.to_thread(self.server.comes_back))
                    raise

        self.server.ttl = 2
        with self.assertRaises(LeaseLost) as caught:
            asyncio.run(body())
        self.assertEqual(back, [True])
        self.assertIn("stopping", caught.exception.why)
