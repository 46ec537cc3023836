"""What a person sees: in help(), on stderr while it waits, and when a call fails."""

from __future__ import annotations

import io
import os
import pydoc
import sys
import traceback
import unittest
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from datetime import datetime
from typing import Any
from unittest.mock import patch

import grpc
from callme.v1.lock_service_pb2 import AcquireResponse, Misspelling, ReleaseResponse, RenewResponse
from callme.v1.lock_service_pb2_grpc import LockServiceServicer, add_LockServiceServicer_to_server
from callme.v1.types_pb2 import LEASE_STATE_HELD, Holder, Lease, LeasedEnvironment, Need, Occupant
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2

import callme
from callme import aio
from callme._options import HoldOptions, observer_of
from callme._words import say_misspelt, say_waiting

WAITING = Lease(
    environments=[LeasedEnvironment(name="uat")],
    position=2,
    queue_length=3,
    holders=[Occupant(holder=Holder(name="shop/web #4"))],
)


class Help(unittest.TestCase):
    def test_it_lists_every_option(self) -> None:
        for hold in (callme.hold, callme.Client.hold, aio.hold, aio.Client.hold):
            text = pydoc.render_doc(hold)
            for name in HoldOptions.__annotations__:
                self.assertRegex(text, rf"(?m)^ +{name} ")


class Words(unittest.TestCase):
    def test_a_hold_that_waits_says_behind_whom(self) -> None:
        with redirect_stderr(io.StringIO()) as said:
            say_waiting(WAITING)
        self.assertEqual(said.getvalue(), "call-me: waiting for uat, position 2 of 3; held by shop/web #4\n")

    def test_it_says_by_which_labels_it_waits(self) -> None:
        lease = Lease(environments=[LeasedEnvironment(name="db")], needs=[Need(environment="db"), Need(selector="tier=uat", count=2)])
        with redirect_stderr(io.StringIO()) as said:
            say_waiting(lease)
        self.assertIn("waiting for db, 2 of tier=uat, position", said.getvalue())

    def test_it_says_until_when_at_the_latest_and_where_to_look(self) -> None:
        holder = Holder(name="shop/web #4", run_url="https://ci.example/4")
        # Noon of that day, wherever this runs.
        latest_end = Timestamp(seconds=int(datetime(2031, 5, 6, 12).timestamp()))
        lease = Lease(environments=[LeasedEnvironment(name="uat")], position=1, queue_length=1)
        lease.holders.extend([Occupant(holder=holder, latest_end=latest_end), Occupant(lease_id="lease-7")])
        with redirect_stderr(io.StringIO()) as said:
            say_waiting(lease)
        self.assertIn("held by shop/web #4 until 2031-05-06 12:00 at the latest (https://ci.example/4), lease lease-7\n", said.getvalue())

    def test_a_stderr_that_nobody_reads_keeps_nobody(self) -> None:
        read, write = os.pipe()
        os.set_blocking(write, False)
        try:
            while True:
                os.write(write, b"x" * 4096)
        except BlockingIOError:
            os.set_blocking(write, True)
        with open(write, "w", encoding="utf-8") as full, patch.object(sys, "stderr", full):
            for _ in range(100):
                say_waiting(WAITING)
            os.close(read)

    def test_no_stderr_is_none(self) -> None:
        with patch.object(sys, "stderr", None):
            say_waiting(WAITING)

    def test_it_is_quiet_when_it_is_told_to_be_or_somebody_else_listens(self) -> None:
        self.assertEqual(observer_of({}), (say_waiting, say_misspelt))
        self.assertEqual(observer_of({"quiet": True}), (None, None))
        self.assertEqual(observer_of({"on_waiting": print}), (print, None))


class Near(LockServiceServicer):
    """Grants all; a name that is near to another one is told."""

    def Acquire(self, request: Any, context: Any) -> AcquireResponse:
        lease = Lease(id="lease-1", state=LEASE_STATE_HELD, environments=[LeasedEnvironment(name="stagin-1", fencing_token=1)])
        lease.ttl.seconds = 60
        lease.ttl_remaining.seconds = 60
        return AcquireResponse(lease=lease, misspellings=[Misspelling(name="stagin-1", did_you_mean=["staging-1", "staging-2"])])

    def Renew(self, request: Any, context: Any) -> RenewResponse:
        return RenewResponse(lease=self.Acquire(request, context).lease)

    def Release(self, request: Any, context: Any) -> ReleaseResponse:
        return ReleaseResponse()


class Misspelt(unittest.TestCase):
    def said(self, **options: Any) -> str:
        server = grpc.server(ThreadPoolExecutor(4))
        add_LockServiceServicer_to_server(Near(), server)
        url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        self.addCleanup(lambda: server.stop(None).wait())
        with redirect_stderr(io.StringIO()) as said, callme.Client(url) as client, client.hold("stagin-1", **options):
            pass
        return said.getvalue()

    def test_names_are_told_once_though_nobody_has_to_wait(self) -> None:
        self.assertEqual(self.said(), "call-me: nobody has configured stagin-1; did you mean staging-1 or staging-2?\n")

    def test_names_are_not_told_to_who_wants_it_quiet(self) -> None:
        self.assertEqual(self.said(quiet=True), "")


class Busy(LockServiceServicer):
    def Acquire(self, request: Any, context: Any) -> None:
        detail = AnyMessage()
        detail.Pack(error_details_pb2.ErrorInfo(domain="call-me", reason="ENVIRONMENT_BUSY"))
        status = status_pb2.Status(code=10, message="uat is held by shop/web #4", details=[detail])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        context.abort(grpc.StatusCode.ABORTED, status.message)


class Refusals(unittest.TestCase):
    def test_a_refusal_and_its_cause_take_a_line_each(self) -> None:
        server = grpc.server(ThreadPoolExecutor(2))
        add_LockServiceServicer_to_server(Busy(), server)
        url = f"http://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        self.addCleanup(lambda: server.stop(None).wait())
        with callme.Client(url) as client, self.assertRaises(callme.NotAcquired) as refused:
            client.hold("uat", if_busy=callme.IF_BUSY_FAIL).__enter__()
        told = "".join(traceback.format_exception(refused.exception))
        self.assertIn("callme.CallFailed: ENVIRONMENT_BUSY: uat is held by shop/web #4\n", told)
        self.assertIn("callme.NotAcquired: not acquired: uat is held by shop/web #4\n", told)
        self.assertEqual(told.count("uat is held by"), 2)
