"""Who a lease is for: what the CI system's variables tell, or user@host."""

from __future__ import annotations

import getpass
import json
import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import quote

from callme.v1.types_pb2 import HOLDER_KIND_HUMAN, HOLDER_KIND_PIPELINE, Holder

try:
    import pwd
except ImportError:
    # Windows has none.
    pwd = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# The table of CI systems: clients/README.md tells how to read it.
_TABLE = Path(__file__).with_name("ci_systems.json")
_FILTERS: dict[str, Callable[[str], str]] = {
    "base": lambda value: value.removesuffix("/"),
    "branch": lambda value: re.sub(r"^refs/(heads|tags)/", "", value),
    "origin": lambda value: "".join(re.findall(r"^[a-z]+://[^/]+", value)),
    "uri": lambda value: quote(value, safe="", errors="replace"),
}
_VARIABLE = re.compile(r"\$\{(\w+)(?::(\w+))?\}")
# The server's limit for a text, in characters, and what it takes in none.
_LONGEST = 512
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def describe_holder(env: Mapping[str, str], said: Holder | None = None) -> Holder:
    """What was said, field by field; else what CALL_ME_… variables say, else what the CI system tells, else user@host."""
    system = _system_of(env)
    known = system is not None or _usable(env.get("CALL_ME_RUN_URL", "")) != ""

    def read(variable: str, fact: str) -> str:
        if not known:
            return ""
        return _usable(env.get(f"CALL_ME_{variable}", "")) or _usable(_read((system or {}).get(fact, ()), env))

    repository, number = read("REPOSITORY", "repository"), read("RUN_NUMBER", "number")
    named = f"{repository} #{number}" if repository and number else user_at_host()
    holder = Holder(
        name=_usable(env.get("CALL_ME_HOLDER", "")) or _usable(named),
        kind=HOLDER_KIND_PIPELINE if known or env.get("CI") else HOLDER_KIND_HUMAN,
        run_url=read("RUN_URL", "url"),
        repository=repository,
        ref=read("REF", "ref"),
        sha=read("SHA", "sha"),
        job=read("JOB", "job"),
        actor=read("ACTOR", "actor"),
    )
    if said is not None:
        # What is empty in it overwrites nothing.
        holder.MergeFrom(said)
    return holder


def user_at_host() -> str:
    """The account and the machine that we run under."""
    return f"{_user()}@{socket.gethostname()}"


def _user() -> str:
    if pwd is None:
        return getpass.getuser()
    try:
        # A variable may be another user's, under sudo for example.
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        # A container may run under a number that no account has.
        return "someone"


def _system_of(env: Mapping[str, str]) -> dict[str, Any] | None:
    """The system that a job with these variables runs in: by its mark, or where it was not given that one, by its run's address."""
    systems: list[dict[str, Any]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    marked = (system for system in systems if any(_bears(env, mark) for mark in system["marks"]))
    return next(marked, None) or next((system for system in systems if _read(system.get("url", ()), env)), None)


def _bears(env: Mapping[str, str], mark: str) -> bool:
    name, exact, value = mark.partition("=")
    return env.get(name, "") == value if exact else env.get(name, "") != ""


def _read(templates: Sequence[str], env: Mapping[str, str]) -> str:
    return next(filter(None, (_fill(template, env) for template in templates)), "")


def _fill(template: str, env: Mapping[str, str]) -> str:
    """Empty if one of its variables is."""
    whole = True

    def value_of(found: re.Match[str]) -> str:
        nonlocal whole
        name, chosen = found.groups()
        value = env.get(name, "")
        value = _FILTERS[chosen](value) if chosen else value
        whole = whole and value != ""
        return value

    text = _VARIABLE.sub(value_of, template)
    return text if whole else ""


def _usable(text: str) -> str:
    """As the server takes it: without control and bidirectional characters, and cut to its limit."""
    # What is not UTF-8 came as lone surrogates.
    return _UNSAFE.sub("", re.sub("[\ud800-\udfff]", "\ufffd", text))[:_LONGEST]
