"""Holds uat while a command runs: python five_lines.py make test."""

import sys

import callme

with callme.hold("uat") as lease:  # CALL_ME_URL, CALL_ME_API_KEY
    lease.run(sys.argv[1:] or ["echo", "uat is mine"])
