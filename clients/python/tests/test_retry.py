"""Pauses between tries."""

from __future__ import annotations

import unittest

from callme._retry import Backoff


class Pauses(unittest.TestCase):
    def test_grow_until_it_went_well_for_a_while(self) -> None:
        backoff = Backoff()
        for longest in (0.2, 0.4, 0.8, 1.6, 2, 2):
            backoff.lasted(1)
            self.assertTrue(longest / 2 <= backoff.pause() <= longest)
        backoff.lasted(60)
        self.assertLessEqual(backoff.pause(), 0.2)
