"""The times of a lease, without any clock."""

from __future__ import annotations

import unittest

from callme.v1.types_pb2 import Lease
from google.protobuf.duration_pb2 import Duration

from callme._tenure import Tenure


def lease(ttl: int, remaining: int) -> Lease:
    return Lease(id="lease-1", ttl=Duration(seconds=ttl), ttl_remaining=Duration(seconds=remaining))


class Times(unittest.TestCase):
    def test_count_from_when_the_renew_was_sent(self) -> None:
        tenure = Tenure(lease(60, 60))
        tenure.renewed(lease(60, 60), sent_at=100)
        self.assertEqual([tenure.renew_at, tenure.cancel_at, tenure.kill_at, tenure.deadline], [120, 154, 157, 160])

    def test_never_go_back(self) -> None:
        tenure = Tenure(lease(60, 60))
        tenure.renewed(lease(60, 60), sent_at=100)
        tenure.renewed(lease(60, 60), sent_at=90)
        self.assertEqual([tenure.renew_at, tenure.deadline], [120, 160])

    def test_an_unanswered_renew_is_repeated_and_goes_over_other_connections_in_the_end(self) -> None:
        tenure = Tenure(lease(60, 60))
        tenure.renewed(lease(60, 60), sent_at=100)
        used = []
        for now in (120.0, 121.5, 123.0, 124.5, 126.0):
            tenure.sending(now)
            used.append(tenure.connection)
            self.assertEqual(tenure.renew_at, now + 1.5)
        self.assertEqual(used, [0, 0, 1, 1, 2])
        tenure.renewed(lease(60, 60), sent_at=126)
        self.assertEqual(tenure.connection, 0)

    def test_max_hold_ends_it_too(self) -> None:
        tenure = Tenure(lease(60, 60))
        last = lease(60, 10)
        last.granted_at.FromSeconds(1000)
        last.max_hold.FromSeconds(100)
        last.expires_at.FromSeconds(1100)
        tenure.renewed(last, sent_at=100)
        self.assertEqual(tenure.cancel_at, 104)
        self.assertIn("max_hold", tenure.loss().why)
        last.expires_at.FromSeconds(1099)
        tenure.renewed(last, sent_at=100)
        self.assertIn("no answer", tenure.loss().why)
