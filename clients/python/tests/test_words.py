"""What a person sees: in help(), on stderr while it waits, and when a call fails."""

from __future__ import annotations

import io
import os
import pydoc
import sys
import unittest
from contextlib import redirect_stderr
from unittest.mock import patch

from callme.v1.types_pb2 import Holder, Lease, LeasedEnvironment, Occupant

import callme
from callme import aio
from callme._options import HoldOptions, observer_of
from callme._words import say_waiting

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
        self.assertIs(observer_of({}), say_waiting)
        self.assertIsNone(observer_of({"quiet": True}))
        self.assertIs(observer_of({"on_waiting": print}), print)
