"""Which errors of calls are tried again, and what a loss is raised from."""

from __future__ import annotations

import pickle
import unittest

import grpc
from callme.v1.types_pb2 import END_REASON_FORCE_RELEASED, Lease
from google.protobuf.any_pb2 import Any
from google.rpc import error_details_pb2, status_pb2

from callme import LeaseLost, NotAcquired
from callme._errors import cause_of, ending, is_transient

_ALWAYS = {"ABORTED", "CANCELLED", "DEADLINE_EXCEEDED", "UNAVAILABLE"}
_WITHOUT_REASON = {"DATA_LOSS", "INTERNAL", "UNKNOWN"}


class Failure(grpc.RpcError):
    """As grpcio tells it, blocking or not."""

    def __init__(self, code: grpc.StatusCode, reason: str, *, again: bool = False) -> None:
        super().__init__()
        self._code = code
        self._status = status_pb2.Status()
        info = [error_details_pb2.ErrorInfo(domain="call-me", reason=reason)] if reason else []
        for message in [*info, error_details_pb2.RetryInfo()] if again else info:
            detail = Any()
            detail.Pack(message)
            self._status.details.append(detail)

    def code(self) -> grpc.StatusCode:
        return self._code

    def trailing_metadata(self) -> tuple[tuple[str, bytes], ...]:
        return (("grpc-status-details-bin", self._status.SerializeToString()),)


class Causes(unittest.TestCase):
    loss = LeaseLost("lease-1", "fire drill")

    def test_of_a_loss_is_what_the_body_raised(self) -> None:
        own = ValueError("of the body")
        own.__cause__ = KeyError("something else")
        self.assertIs(cause_of(self.loss, own), own)

    def test_never_go_round_in_a_circle(self) -> None:
        own, between = ValueError("of the body"), RuntimeError("between")
        own.__cause__, between.__cause__ = between, self.loss
        self.assertIsNone(cause_of(self.loss, own))
        self.assertIsNone(cause_of(self.loss, self.loss))
        self.assertIsNone(cause_of(self.loss, None))
        between.__cause__ = own
        self.assertIs(cause_of(self.loss, own), own)


class Words(unittest.TestCase):
    def test_say_who_ended_it(self) -> None:
        lease = Lease(end_reason=END_REASON_FORCE_RELEASED, end_note="fire drill")
        self.assertEqual(ending(lease), "FORCE_RELEASED: fire drill")
        lease.ended_by.principal = "key:ops"
        self.assertEqual(ending(lease), "FORCE_RELEASED by key:ops: fire drill")
        lease.ended_by.holder.name = "checkout #1"
        self.assertEqual(ending(lease), "FORCE_RELEASED by checkout #1 (key:ops): fire drill")
        lease.ended_by.principal_label = "operators"
        self.assertEqual(ending(lease), "FORCE_RELEASED by checkout #1 (operators, key:ops): fire drill")
        lease.ended_by.holder.name = ""
        self.assertEqual(ending(lease), "FORCE_RELEASED by operators (key:ops): fire drill")


class Pickled(unittest.TestCase):
    def test_errors_are_what_they_were(self) -> None:
        for error in (NotAcquired("busy", "ENVIRONMENT_BUSY", holders="checkout #1"), LeaseLost("lease-1", "why", "EXPIRED")):
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual([type(again), str(again), vars(again)], [type(error), str(error), vars(error)])


class Tried(unittest.TestCase):
    def transient(self, reason: str, *, again: bool = False) -> set[str]:
        return {code.name for code in grpc.StatusCode if is_transient(Failure(code, reason, again=again))}

    def test_again_without_a_reason_are_broken_calls(self) -> None:
        self.assertEqual(self.transient(""), _ALWAYS | _WITHOUT_REASON)

    def test_again_with_a_reason_is_what_passes_anyway(self) -> None:
        self.assertEqual(self.transient("SOME_REASON"), _ALWAYS)

    def test_again_is_what_a_full_server_refused_for_now(self) -> None:
        self.assertEqual(self.transient("SOME_REASON", again=True), _ALWAYS | {"RESOURCE_EXHAUSTED"})

    def test_never_are_the_answers_to_what_was_asked(self) -> None:
        self.assertEqual(self.transient("ENVIRONMENT_BUSY", again=True) | self.transient("UNSATISFIABLE", again=True), set())

    def test_never_is_what_is_no_error_of_a_call(self) -> None:
        self.assertFalse(is_transient(ValueError("of the body")))
