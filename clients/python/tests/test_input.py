"""What is refused before anything is sent."""

from __future__ import annotations

import unittest
from typing import Any

from callme import IF_BUSY_FAIL
from callme._options import request_for
from callme._settings import settings_of


class Input(unittest.TestCase):
    def test_what_cannot_be_asked_is_named(self) -> None:
        cases: list[tuple[tuple[Any, ...], dict[str, Any], str]] = [
            (("uat",), {"ttl": "60s"}, "ttl must be seconds, or a timedelta, not '60s'"),
            (("uat",), {"tags": "nightly"}, r'tags must be several texts, such as \["nightly"\], not \'nightly\''),
            (("uat",), {"tags": {"a": 1}}, "tags must be several texts"),
            ((["uat"],), {}, r"\['uat'\] is no environment; give names, each as an argument of its own"),
            ((), {}, "name at least one environment"),
            (("uat",), {"wait": 5}, "wait goes with if_busy=callme.IF_BUSY_FAIL; queue_timeout limits"),
            (("uat",), {"wait": 90, "if_busy": IF_BUSY_FAIL}, "wait is 90 s, and 60 s at most"),
        ]
        for wanted, options, message in cases:
            with self.subTest(message), self.assertRaisesRegex((TypeError, ValueError), message):
                request_for(wanted, options)  # type: ignore[arg-type]

    def test_a_key_is_one_line_of_visible_ascii(self) -> None:
        self.assertEqual(settings_of("http://host", " crj\r\n").key, "crj")
        for key in ("two\nlines", "two words", "schl\u00fcssel"):
            with self.assertRaisesRegex(ValueError, "the key must be one line of visible ASCII characters, without spaces") as raised:
                settings_of("http://host", key)
            self.assertNotIn(key, str(raised.exception))
