"""Where the server is, and how to talk to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from callme._tls import credentials

if TYPE_CHECKING:
    import grpc

_DEFAULT_URL = "http://127.0.0.1:8000"

# A connection can die without a word. The server's own PINGs go out after 10 s of silence, and wait 5 s for an answer: so do ours.
# grpcio's own pauses between two attempts to connect (up to 2 minutes, and calls fail at once meanwhile) would cost leases.
CHANNEL_OPTIONS: list[tuple[str, int | str]] = [
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    # grpcio's own limit for the answer to a PING, a minute, counts as well.
    ("grpc.http2.ping_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 2_000),
    ("grpc.max_reconnect_backoff_ms", 1_000),
    # A connection of each client's own: 1,000 streams fit into one.
    ("grpc.use_local_subchannel_pool", 1),
    # No proxy of the environment: it would have to let streams pass for hours.
    ("grpc.enable_http_proxy", 0),
    ("grpc.primary_user_agent", "call-me-python"),
]

Metadata = tuple[tuple[str, str], ...]


class Settings(NamedTuple):
    """What a client was given, or found in the environment."""

    url: str
    target: str
    """As grpcio names it: host:port."""
    credentials: grpc.ChannelCredentials | None
    """For https; None: clear text."""
    key: str
    """Empty: none is sent."""

    @property
    def metadata(self) -> Metadata:
        """What opens a call."""
        return metadata_of(self.key)


def settings_of(url: str | None, key: str | None) -> Settings:
    """Completes what was given from CALL_ME_URL and CALL_ME_API_KEY.

    Raises ValueError if the URL is none that gRPC can use, no header can carry the key, or a file for TLS cannot be used.
    """
    url = (url or os.environ.get("CALL_ME_URL") or _DEFAULT_URL).strip()
    # Files and CI systems like to end a key with a line break.
    key = (os.environ.get("CALL_ME_API_KEY", "") if key is None else key).strip()
    if not all("!" <= character <= "~" for character in key):
        raise ValueError("the key must be one line of visible ASCII characters, without spaces")
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"} or parts.query:
        raise ValueError(f'the address of the server is "{url}"; write it like http://host:8000 or https://host, without a path')
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Settings(url, f"{host}:{parts.port or (443 if secure else 80)}", credentials() if secure else None, key)


def metadata_of(key: str) -> Metadata:
    """What opens a call with an API key or a lease token."""
    return (("x-api-key", key),) if key else ()
