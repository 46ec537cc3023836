"""What a testee is told and says: the protocol of test/clients."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import re
import threading
import time
from concurrent.futures import CancelledError
from datetime import datetime
from typing import Any

import grpc

import callme
import callme.aio

UNITS = {"ms": 0.001, "s": 1, "m": 60}
LENGTHS = {
    "ttl": "ttl",
    "maxHold": "max_hold",
    "queueTimeout": "queue_timeout",
    "ticketTtl": "ticket_ttl",
    "claimTimeout": "claim_timeout",
    "wait": "wait",
}
TIMES = {"notBefore": "not_before", "notAfter": "not_after"}
PASSED = {"requestId": "request_id", "pool": "pool", "autoClaim": "auto_claim", "supersedeKey": "supersede_key"}
speaking = threading.Lock()


class BodyFailed(Exception):
    pass


def say(number: int, event: str, **facts: object) -> None:
    with speaking:
        print(json.dumps({"id": number, "event": event, **facts}), flush=True)


def seconds(text: str) -> float:
    amount, unit = re.fullmatch(r"(\d+)(ms|s|m)", text).groups()
    return int(amount) * UNITS[unit]


def request(order: dict[str, Any]) -> tuple[list[callme.Need], callme.HoldOptions]:
    given = order.get("options", {})
    options: dict[str, Any] = {name: seconds(given[key]) for key, name in LENGTHS.items() if key in given}
    if given.get("fail"):
        options["if_busy"] = callme.IF_BUSY_FAIL
    options.update({name: datetime.fromisoformat(given[key].replace("Z", "+00:00")) for key, name in TIMES.items() if key in given})
    options.update({name: given[key] for key, name in PASSED.items() if key in given})
    if "supersede" in given:
        options["supersede"] = getattr(callme, f"SUPERSEDE_{given['supersede']}")
    if "holder" in given:
        options["holder"] = callme.Holder(name=given["holder"])
    options["on_waiting"] = lambda lease: say(order["id"], "waiting", position=lease.position)
    needs = [callme.Need(environment=name, slots=given.get("slots", 0)) for name in order.get("environments", [])]
    needs += [callme.Need(**selector) for selector in order.get("selectors", [])]
    return needs, options


def ticket(order: dict[str, Any]) -> callme.Ticket:
    told = order["ticket"]
    return callme.Ticket(lease_id=told["leaseId"], lease_token=told["leaseToken"], request_id=told["requestId"])


def detached(number: int, ticket: callme.Ticket) -> None:
    told = dataclasses.asdict(ticket)
    say(number, "detached", ticket={"leaseId": told["lease_id"], "leaseToken": told["lease_token"], "requestId": told["request_id"]})


def picking(order: dict[str, Any]) -> dict[str, Any]:
    return {"on_waiting": lambda lease: say(order["id"], "waiting", position=lease.position)}


def stubborn(order: dict[str, Any]) -> bool:
    return bool(order.get("options", {}).get("stubborn"))


def command(order: dict[str, Any]) -> list[str]:
    return order.get("options", {}).get("run", [])


def block(order: dict[str, Any]) -> None:
    """As it is told to finish: nothing else of its thread runs meanwhile, and nothing of its event loop."""
    time.sleep(seconds(order.get("block", "0s")))


def held(number: int, lease: callme.HeldLease | callme.aio.HeldLease) -> None:
    environments = [
        {
            "name": one.name,
            "variables": one.variables,
            "slots": [{"index": slot.index, "variables": slot.variables} for slot in one.slots],
            "secretVariables": sorted(one.secret_variables),
        }
        for one in lease.environments
    ]
    printed = "\n".join(f"{value!r} {value}" for value in (lease, lease.environments, lease.info))
    facts = {"leaseId": lease.id, "leaseToken": lease.token, "fencingToken": str(lease.fencing_token)}
    say(number, "held", **facts, environments=environments, printed=printed)


def outcome(error: BaseException | None) -> dict[str, object]:
    if error is None:
        return {"outcome": "ok"}
    if isinstance(error, BodyFailed) and str(error) == "body failed":
        return {"outcome": "body_failed"}
    if isinstance(error, callme.LeaseLost):
        cause = {"cause": str(error.__cause__)} if isinstance(error.__cause__, BodyFailed) else {}
        return {"outcome": "lost", "endReason": error.end_reason, "why": error.why, **cause}
    if isinstance(error, callme.CancelRequested):
        deadline = int(error.deadline.timestamp()) if error.deadline else 0
        return {"outcome": "cancel_requested", "by": error.by.holder.name, "why": error.reason, "deadline": deadline}
    if isinstance(error, callme.NotAcquired):
        if error.lease is None:
            return {"outcome": "not_acquired", "reason": error.reason, "holders": error.holders}
        return {"outcome": "not_acquired", "endReason": error.reason, "note": error.lease.end_note or str(error)}
    if isinstance(error, (asyncio.CancelledError, CancelledError)):
        return {"outcome": "cancelled"}
    if isinstance(error, grpc.RpcError):
        return {"outcome": error.code().name.lower(), "reason": callme.reason_of(error) or "", "why": str(error)}
    return {"outcome": repr(error)}
