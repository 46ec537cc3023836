"""A body begins only when there is time left for it."""

from __future__ import annotations

import asyncio
import unittest
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from callme.v1.lock_service_pb2 import AcquireResponse, ReleaseResponse, RenewResponse
from callme.v1.lock_service_pb2_grpc import LockServiceServicer, add_LockServiceServicer_to_server
from callme.v1.types_pb2 import LEASE_STATE_HELD, Lease
from google.protobuf.duration_pb2 import Duration

from callme import Client, LeaseLost, aio

# Of 60 s, the body is told to stop 6 s before the end.
ALMOST_OVER = Lease(id="lease-1", state=LEASE_STATE_HELD, ttl=Duration(seconds=60), ttl_remaining=Duration(seconds=2))


class Server(LockServiceServicer):
    def __init__(self) -> None:
        self.released: list[str] = []

    def Acquire(self, request: Any, context: Any) -> AcquireResponse:
        return AcquireResponse(lease=ALMOST_OVER, lease_token="token-1")

    def Renew(self, request: Any, context: Any) -> RenewResponse:
        return RenewResponse(lease=ALMOST_OVER)

    def Release(self, request: Any, context: Any) -> ReleaseResponse:
        self.released.append(request.lease_id)
        return ReleaseResponse()


class AlmostOver(unittest.TestCase):
    def setUp(self) -> None:
        self.begun: list[str] = []
        self.server = Server()
        server = grpc.server(ThreadPoolExecutor(4))
        add_LockServiceServicer_to_server(self.server, server)
        self.url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        self.addCleanup(lambda: server.stop(None).wait())

    def tearDown(self) -> None:
        self.assertEqual(self.begun, [])
        self.assertEqual(self.server.released, ["lease-1"])

    def test_no_blocking_body_begins(self) -> None:
        with Client(self.url) as client, self.assertRaises(LeaseLost), client.hold("uat", interrupt=False) as lease:
            self.begun.append(lease.id)

    def test_no_awaiting_body_begins(self) -> None:
        async def hold() -> None:
            async with aio.Client(self.url) as client, client.hold("uat") as lease:
                self.begun.append(lease.id)

        with self.assertRaises(LeaseLost):
            asyncio.run(hold())
