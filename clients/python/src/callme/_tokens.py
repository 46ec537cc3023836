"""The tokens of one job for one server: fetched when they are needed, one at a time, and anew before they end."""

from __future__ import annotations

import ipaddress
import os
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotInTime
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import grpc

from callme._token_error import TokenError, missing, out_of_reach
from callme._token_source import is_source_named, source_of_tokens

if TYPE_CHECKING:
    from callme._id_token import IdToken
    from callme._settings import Metadata, Settings
    from callme._token_source import TokenSource

# How long before its end a token is fetched anew at the latest, in seconds.
_AHEAD = 30.0
# How long one is taken for good that does not say so, and how long to let a source alone that has failed while a token is good still.
_UNTOLD = 60.0
_LULL = 5.0
LONGEST_WAIT = 4.0
"""How long a call may wait for a token, in seconds: less than any call itself may take, so that it fails with the right words."""


class Opener(NamedTuple):
    """What opens the calls of a client that have no lease's token."""

    metadata: Metadata
    """That of its key; empty without one."""
    tokens: Tokens | None
    """Those of the CI job, where there is no key, or to be shown beside it."""

    def beside(self, token: IdToken) -> Metadata:
        """What opens a call, with a token."""
        return (*self.metadata, *bearing(token))


def opener_of(settings: Settings, key: str | None, *, own_channel: bool) -> Opener:
    """A key that is given, or no address of ours: then tokens are the caller's affair. Raises ValueError for a wrong setting."""
    if key is not None or own_channel or (settings.key and not is_source_named()):
        return Opener(settings.metadata, None)
    source = source_of_tokens()
    return Opener(settings.metadata, None if source is None else Tokens(source, settings.url))


def bearing(token: IdToken) -> Metadata:
    """What opens a call with a token."""
    return (("authorization", f"Bearer {token.text}"),)


class Tokens:
    """Any thread may ask for one."""

    def __init__(self, source: TokenSource, url: str) -> None:
        insecure = os.environ.get("CALL_ME_INSECURE", "").strip()
        if insecure not in {"", "on", "off"}:
            raise ValueError(f'CALL_ME_INSECURE "{insecure}" is neither on nor off')
        self._source = source
        self.name = source.name
        """That of the source, as errors name it."""
        self._url = url
        self._audience = os.environ.get("CALL_ME_AUDIENCE", "").strip() or _origin(url)
        # Whoever listens on the way to the server would have the token.
        self._exposed = not _is_private(url) and insecure != "on"
        self._lock = threading.Lock()
        self._held: IdToken | None = None
        self._due = self._end = 0.0
        self._fetching: Future[IdToken] | None = None

    def fresh(self) -> Future[IdToken]:
        """One that is good for a while; at once, if there is one. The future is the caller's own, to cancel. Fails with TokenError."""
        if self._exposed:
            remedy = "Write https://, or set CALL_ME_INSECURE=on where nobody can listen"
            raise missing(f"a token of {self._source.name} is not sent in clear text to {self._url}. {remedy}")
        with self._lock:
            held, now = self._held, time.monotonic()
            good = held is not None and now < self._end
            under_way = None if good and now < self._due else self._fetch()
        if good and held is not None:
            return _done(held)
        return _own(under_way)

    def after(self, refused: IdToken) -> Future[IdToken]:
        """Another one than that which the server has refused; the same one: the source has no other."""
        with self._lock:
            held = self._held
            if held is not None and held.text != refused.text:
                return _done(held)
            under_way = self._fetch()
        return _own(under_way)

    def refused(self, token: IdToken, answer: grpc.RpcError) -> TokenError:
        """Whose token it was, for whom, and who can mend it, with the server's own details."""
        told: Any = answer
        audience = ", ".join(f'"{one}"' for one in token.audiences) or "nobody"
        over = ""
        remedy = (
            "Its operator looks whether the rules in CALL_ME_ACCESS name this issuer and audience, and whether one of them is for this "
            "job; its log says why"
        )
        if token.end is not None and token.end < time.time():
            over = f", which ended at {datetime.fromtimestamp(token.end, timezone.utc).isoformat()}"
            remedy = "Show a fresh one: have the CI system make it later or live for longer, or let it be fetched when it is needed"
        whose = f'{self._source.name} (issuer "{token.issuer}", audience {audience}{over})'
        return TokenError(
            grpc.StatusCode.UNAUTHENTICATED, f"{self._url} does not accept the token of {whose}: {told.details()}. {remedy}", answer
        )

    def _fetch(self) -> Future[IdToken]:
        """Begins to, unless that is under way. It goes on when the call that needs it has been given up: the next one finds it."""
        if self._fetching is None:
            self._fetching = Future()
            threading.Thread(target=self._run, args=(self._fetching,), name="call-me-token", daemon=True).start()
        return self._fetching

    def _run(self, result: Future[IdToken]) -> None:
        try:
            token = self._source.fetch(self._audience)
        except Exception as error:
            with self._lock:
                self._fetching = None
                self._due = time.monotonic() + _LULL
            result.set_exception(error)
            return
        with self._lock:
            self._fetching = None
            self._keep(token)
        result.set_result(token)

    def _keep(self, token: IdToken) -> None:
        rest = token.life if self._source.mints else None
        if rest is None:
            rest = _UNTOLD if token.end is None else max(0.0, token.end - time.time())
        ahead = 0.0 if token.end is None else min(max((token.life or rest) / 3, _AHEAD), rest * 2 / 3)
        self._held = token
        self._due = time.monotonic() + rest - ahead
        self._end = time.monotonic() + rest


class Patient:
    """A token that is awaited for some seconds; as a call, for Calls.answer."""

    def __init__(self, token: Future[IdToken], source: str) -> None:
        self._token = token
        self._source = source

    def cancel(self) -> object:
        """Nobody waits for it any more."""
        return self._token.cancel()

    def result(self, timeout: float | None = None) -> IdToken:
        """Waits for it. Raises TokenError."""
        try:
            return self._token.result(LONGEST_WAIT if timeout is None else timeout)
        except NotInTime:
            raise late(self._source) from None


def late(source: str) -> TokenError:
    """What it is that a token did not come in the time that a call has for it."""
    return out_of_reach(f"no token from {source} in {LONGEST_WAIT:g} s. Try again later")


def _done(token: IdToken) -> Future[IdToken]:
    future: Future[IdToken] = Future()
    future.set_result(token)
    return future


def _own(shared: Future[IdToken] | None) -> Future[IdToken]:
    """One that its owner may cancel, and nobody else minds."""
    own: Future[IdToken] = Future()

    def pass_on(settled: Future[IdToken]) -> None:
        if not own.set_running_or_notify_cancel():
            return
        error = settled.exception()
        if error is None:
            own.set_result(settled.result())
        else:
            own.set_exception(error)

    if shared is not None:
        shared.add_done_callback(pass_on)
    return own


def _origin(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    own = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{host}" if parts.port in {None, own} else f"{parts.scheme}://{host}:{parts.port}"


def _is_private(url: str) -> bool:
    """Whether nobody else can listen to what is sent there."""
    parts = urlsplit(url)
    if parts.scheme == "https" or parts.hostname == "localhost":
        return True
    try:
        return ipaddress.ip_address(parts.hostname or "").is_loopback
    except ValueError:
        return False
