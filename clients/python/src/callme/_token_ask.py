"""Asks an endpoint, or a command, for a token."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unicodedata
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from callme._id_token import IdToken, id_token_of
from callme._token_error import missing, out_of_reach

# How long one answer may take, in seconds, and a command: Buildkite's tries five times by itself.
_ENDPOINT_PATIENCE = 5.0
_COMMAND_PATIENCE = 30.0
# How much of either is read, in bytes.
_LONGEST = 65_536
# The longest pause before each further try, in seconds.
_PAUSES = (0.2, 0.4)
# Statuses that say: not now. Any other one but 2xx says: no.
_PASSING = {408, 429}
_SERVER = 500


class _Refused(Exception):
    """The endpoint has answered, and will answer so again."""


def ask_endpoint(url: str, key: str, audience: str, remedy: str) -> IdToken:
    """A token from an endpoint as GitHub's runner has it. Raises TokenError."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise missing(f"no token from GitHub Actions: ACTIONS_ID_TOKEN_REQUEST_URL is no http(s) address. {remedy}")
    query = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name != "audience"]
    path = f"{parts.path or '/'}?{urlencode([*query, ('audience', audience)])}"
    for longest in (*_PAUSES, 0.0):
        try:
            answer = _ask(parts.scheme, parts.netloc, path, key)
        except _Refused as refused:
            raise missing(f"no token from GitHub Actions: its endpoint {refused}. {remedy}") from None
        if isinstance(answer, IdToken):
            return answer
        if longest > 0:
            time.sleep(random.uniform(longest / 2, longest))
    raise out_of_reach(f"no token from GitHub Actions: its endpoint {answer}. Try again later")


def _ask(scheme: str, host: str, path: str, key: str) -> IdToken | str:
    """The token, or in words why there is none."""
    late = None
    # By no proxy of the environment, and it follows no redirect.
    connect = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = connect(host, timeout=_ENDPOINT_PATIENCE)
    try:
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json", "User-Agent": "call-me-python"}
        connection.connect()
        # However slowly it comes: the timeout of the connection is for each piece.
        late = threading.Timer(_ENDPOINT_PATIENCE, _cut, [connection.sock])
        late.daemon = True
        late.start()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if not http.client.OK <= answer.status < http.client.MULTIPLE_CHOICES:
            if answer.status in _PASSING or answer.status >= _SERVER:
                return f"answers {answer.status}"
            raise _Refused(f"refused it ({answer.status})")
        content = b""
        while chunk := answer.read1(_LONGEST):
            content += chunk
            if len(content) > _LONGEST:
                return f"has an answer of more than {_LONGEST} bytes"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"gives no answer ({type(error).__name__})"
    finally:
        if late is not None:
            late.cancel()
        connection.close()
    return _token_in(content) or "has no token in its answer"


def _cut(connected: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)


def _token_in(content: bytes) -> IdToken | None:
    try:
        told = json.loads(content)
    except (ValueError, RecursionError):
        return None
    value = told.get("value") if isinstance(told, dict) else None
    return id_token_of(value) if isinstance(value, str) else None


def ask_command(source: str, remedy: str, name: str, *args: str) -> IdToken:
    """The token that a command prints. Raises TokenError with the last line of its stderr, without what looks like a token."""
    file = shutil.which(name)
    if file is None:
        raise missing(f"no token from {source}: there is no command {name} on the PATH. {remedy}")
    env = {variable: value for variable, value in os.environ.items() if variable != "CALL_ME_API_KEY"}
    with tempfile.TemporaryFile() as words:
        try:
            own: dict[str, Any] = {} if os.name == "nt" else {"start_new_session": True}
            child = subprocess.Popen([file, *args], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=words, **own)
        except OSError as error:
            raise missing(f"no token from {source}: {name} cannot be run ({error.strerror}). {remedy}") from None
        late = threading.Timer(_COMMAND_PATIENCE, _end, [child])
        late.daemon = True
        late.start()
        with child:
            told = child.stdout.read(_LONGEST) if child.stdout is not None else b""
            if child.stdout is not None:
                child.stdout.close()
            status = child.wait()
        late.cancel()
        token = id_token_of(told.decode("latin-1"))
        if status == 0 and token is not None:
            return token
        words.seek(0)
        last = _last_line(words.read(_LONGEST).decode(errors="replace"))
    why = "did not print one" if status == 0 else f"ended with {status}"
    raise missing(f"no token from {source}: {name} {args[0]} {args[1]} {why}{last}. {remedy}")


def _end(child: subprocess.Popen[bytes]) -> None:
    """With all that it has started, which may hold its pipe open."""
    with contextlib.suppress(OSError):
        if os.name == "nt":
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)


def _last_line(text: str) -> str:
    line = re.sub(r"[\w-]+\.[\w-]+\.[\w-]{8,}", "…", text.strip().rsplit("\n", 1)[-1])
    line = "".join(letter for letter in line if unicodedata.category(letter) not in {"Cc", "Cf"})
    return f" ({line[:200]})" if line else ""
