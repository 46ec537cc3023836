from __future__ import annotations

import json
import unittest
from pathlib import Path

from callme.v1.types_pb2 import HOLDER_KIND_SERVICE, Holder
from google.protobuf.json_format import ParseDict

from callme._holder import describe_holder, user_at_host

VECTORS = Path(__file__).parents[3] / "test" / "clients" / "holders.json"


class WhoItIsFor(unittest.TestCase):
    def test_it_is_what_the_variables_tell(self) -> None:
        for vector in json.loads(VECTORS.read_text(encoding="utf-8")):
            with self.subTest(vector["name"]):
                wanted = ParseDict(vector["holder"], Holder())
                wanted.name = wanted.name.replace("{user}@{host}", user_at_host())
                self.assertEqual(describe_holder(vector["env"]), wanted)

    def test_what_is_said_goes_before(self) -> None:
        described = describe_holder({"GITHUB_ACTIONS": "true", "GITHUB_JOB": "e2e"}, Holder(name="I", kind=HOLDER_KIND_SERVICE))
        self.assertEqual(described, Holder(name="I", kind=HOLDER_KIND_SERVICE, job="e2e"))

    def test_what_is_no_utf_8_is_marked(self) -> None:
        self.assertEqual(describe_holder({"CALL_ME_HOLDER": "a\udcffb"}).name, "a\ufffdb")
